{{- define "haven-api.labels" -}}
app: {{ .Release.Name }}
{{ include "haven-api.common" . }}
{{- end }}

{{- /* Labels of every object. */}}
{{- define "haven-api.common" -}}
app.kubernetes.io/name: haven-api
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: haven
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "haven-api.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* Restrictions of the pods, for the Pod Security Standard `restricted`. */}}
{{- define "haven-api.pod" -}}
serviceAccountName: {{ .Release.Name }}
automountServiceAccountToken: false
# With service links, a Service named `redis` would set REDIS_PORT=tcp://…, and REDIS_PORT is a setting of Haven.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "haven-api.container" -}}
image: {{ include "haven-api.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
{{- end }}
