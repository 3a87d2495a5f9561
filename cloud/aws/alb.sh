#!/bin/sh
# Creates the load balancer of alb.yaml step by step with the AWS CLI, for accounts without CloudFormation.
set -eu

usage() {
  cat <<'TEXT'
Usage: alb.sh [--apply]

Prints the commands that create a load balancer for Haven; with --apply, runs them.

  VPC_ID             the network
  SUBNETS            at least two public subnets in different zones, separated by spaces
  CERTIFICATE_ARN    a certificate of AWS Certificate Manager
  ALARM_TOPIC_ARN    an SNS topic that receives alarms (optional)
  ACCESS_LOG_BUCKET  an S3 bucket for the access logs (optional)
  TARGETS            private addresses of instances to register, separated by spaces (optional; ECS, EKS and autoscaling
                     groups register their instances themselves)

The script creates new resources and does not change existing ones. To change or delete resources later, use alb.yaml.
TEXT
}

apply=no
case ${1-} in
  '') ;;
  --apply) apply=yes ;;
  --help | -h)
    usage
    exit
    ;;
  *)
    usage >&2
    exit 64
    ;;
esac

missing=
for name in VPC_ID SUBNETS CERTIFICATE_ARN; do
  eval "value=\${$name-}"
  if [ -n "$value" ]; then continue; fi
  missing="$missing $name"
done
if [ -n "$missing" ]; then
  echo "Required:$missing" >&2
  usage >&2
  exit 64
fi
if [ "$apply" = yes ] && ! command -v aws >/dev/null; then
  echo "The AWS CLI (aws) is not installed." >&2
  exit 69
fi

exec 3>&1

# Prints a command with shell quoting.
show() {
  line=
  for word in "$@"; do
    case $word in
      '' | *[!A-Za-z0-9_./:=,@%+-]*) word="'$(printf %s "$word" | sed "s/'/'\\\\''/g")'" ;;
    esac
    line="$line${line:+ }$word"
  done
  printf '%s\n' "$line"
}

# run NAME COMMAND…: prints the result of the command, or, without --apply, the placeholder NAME.
run() {
  name=$1
  shift
  if [ "$apply" = yes ]; then
    "$@"
  else
    show "$@" >&3
    printf '%s\n' "$name"
  fi
}

balancer_group=$(run BALANCER_GROUP aws ec2 create-security-group --vpc-id "$VPC_ID" --group-name haven-api-alb \
  --description "Load balancer of Haven, for everybody" --query GroupId --output text)
instance_group=$(run INSTANCE_GROUP aws ec2 create-security-group --vpc-id "$VPC_ID" --group-name haven-api-instances \
  --description "Instances of Haven, for the load balancer alone" --query GroupId --output text)
for port in 80 443; do
  run '' aws ec2 authorize-security-group-ingress --group-id "$balancer_group" --protocol tcp --port "$port" \
    --cidr 0.0.0.0/0 >/dev/null
done
run '' aws ec2 authorize-security-group-ingress --group-id "$instance_group" --protocol tcp --port 4000 \
  --source-group "$balancer_group" >/dev/null

# Target type ip: health checks and draining apply to each task, pod or machine. The timeout is longer than
# HEALTH_CHECK_TIMEOUT (2 s) and shorter than the interval. A failing instance leaves the rotation after two intervals
# and one timeout, 14 s, and DRAIN_DELAY_MS has to be longer than that.
target_group=$(run TARGET_GROUP_ARN aws elbv2 create-target-group --name haven-api-targets --vpc-id "$VPC_ID" \
  --target-type ip --protocol HTTP --protocol-version HTTP1 --port 4000 \
  --health-check-enabled --health-check-protocol HTTP --health-check-path /ready --health-check-port traffic-port \
  --health-check-interval-seconds 5 --health-check-timeout-seconds 4 \
  --healthy-threshold-count 2 --unhealthy-threshold-count 2 --matcher HttpCode=200 \
  --query 'TargetGroups[0].TargetGroupArn' --output text)

# The delay is longer than REQUEST_TIMEOUT_MS. No stickiness, because any instance can serve any session.
run '' aws elbv2 modify-target-group-attributes --target-group-arn "$target_group" --attributes \
  Key=deregistration_delay.timeout_seconds,Value=30 \
  Key=load_balancing.algorithm.type,Value=least_outstanding_requests \
  Key=stickiness.enabled,Value=false >/dev/null

if [ -n "${TARGETS-}" ]; then
  targets=
  for address in $TARGETS; do targets="$targets Id=$address,Port=4000"; done
  # shellcheck disable=SC2086 # one word for each target
  run '' aws elbv2 register-targets --target-group-arn "$target_group" --targets $targets >/dev/null
fi

# shellcheck disable=SC2086 # one word for each subnet
balancer=$(run LOAD_BALANCER_ARN aws elbv2 create-load-balancer --name haven-api-alb --type application \
  --scheme internet-facing --subnets $SUBNETS --security-groups "$balancer_group" \
  --query 'LoadBalancers[0].LoadBalancerArn' --output text)

# The idle timeout is shorter than KEEP_ALIVE_TIMEOUT_MS (75 s), so that Haven never closes a connection first.
run '' aws elbv2 modify-load-balancer-attributes --load-balancer-arn "$balancer" --attributes \
  Key=idle_timeout.timeout_seconds,Value=60 \
  Key=routing.http.drop_invalid_header_fields.enabled,Value=true \
  Key=routing.http.xff_header_processing.mode,Value=append \
  Key=routing.http.desync_mitigation_mode,Value=strictest \
  Key=deletion_protection.enabled,Value=true >/dev/null
if [ -n "${ACCESS_LOG_BUCKET-}" ]; then
  run '' aws elbv2 modify-load-balancer-attributes --load-balancer-arn "$balancer" --attributes \
    Key=access_logs.s3.enabled,Value=true "Key=access_logs.s3.bucket,Value=$ACCESS_LOG_BUCKET" >/dev/null
fi

run '' aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTPS --port 443 \
  --ssl-policy ELBSecurityPolicy-TLS13-1-2-Res-2021-06 --certificates "CertificateArn=$CERTIFICATE_ARN" \
  --default-actions "Type=forward,TargetGroupArn=$target_group" >/dev/null
run '' aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTP --port 80 \
  --default-actions 'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,StatusCode=HTTP_301}' >/dev/null

# CloudWatch identifies the load balancer and the target group by the end of their ARNs.
balancer_name=${balancer#*:loadbalancer/}
target_name=targetgroup/${target_group#*:targetgroup/}
alarm() {
  name=$1
  metric=$2
  shift 2
  run '' aws cloudwatch put-metric-alarm --alarm-name "haven-api-$name" --namespace AWS/ApplicationELB \
    --metric-name "$metric" --period 60 "$@" \
    ${ALARM_TOPIC_ARN:+--alarm-actions "$ALARM_TOPIC_ARN" --ok-actions "$ALARM_TOPIC_ARN"} >/dev/null
}
alarm load-balancer-errors HTTPCode_ELB_5XX_Count --statistic Sum --dimensions "Name=LoadBalancer,Value=$balancer_name" \
  --comparison-operator GreaterThanThreshold --threshold 5 --evaluation-periods 3 --datapoints-to-alarm 2 \
  --treat-missing-data notBreaching
alarm errors HTTPCode_Target_5XX_Count --statistic Sum --dimensions "Name=LoadBalancer,Value=$balancer_name" \
  --comparison-operator GreaterThanThreshold --threshold 5 --evaluation-periods 5 --datapoints-to-alarm 3 \
  --treat-missing-data notBreaching
alarm unhealthy UnHealthyHostCount --statistic Maximum \
  --dimensions "Name=LoadBalancer,Value=$balancer_name" "Name=TargetGroup,Value=$target_name" \
  --comparison-operator GreaterThanThreshold --threshold 0 --evaluation-periods 3 --treat-missing-data notBreaching
alarm last-instance HealthyHostCount --statistic Minimum \
  --dimensions "Name=LoadBalancer,Value=$balancer_name" "Name=TargetGroup,Value=$target_name" \
  --comparison-operator LessThanThreshold --threshold 2 --evaluation-periods 2 --treat-missing-data breaching
alarm latency TargetResponseTime --extended-statistic p95 --dimensions "Name=LoadBalancer,Value=$balancer_name" \
  --comparison-operator GreaterThanThreshold --threshold 1 --evaluation-periods 5 --datapoints-to-alarm 3 \
  --evaluate-low-sample-count-percentile ignore --treat-missing-data notBreaching

if [ "$apply" = yes ]; then
  cat <<TEXT
The load balancer is created. The instances need the security group $instance_group, the target group $target_group, and
these settings:
DRAIN_DELAY_MS=15000 TRUST_PROXY=FILL-IN-the-ranges-of-the-load-balancers-subnets MANAGEMENT_PORT=4001
TEXT
fi
