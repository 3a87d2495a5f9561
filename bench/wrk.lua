-- With a body and a prefix as arguments, each request creates something, with an Idempotency-Key of its own.
function init(args)
  local body, prefix = args[1], args[2]
  if not body then return end
  local count = 0
  wrk.headers["Content-Type"] = "application/json"
  request = function()
    count = count + 1
    wrk.headers["Idempotency-Key"] = prefix .. "-" .. count
    return wrk.format("POST", nil, wrk.headers, body)
  end
end

-- One line of JSON instead of wrk's own table. Times in milliseconds.
function done(summary, latency, _requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"maxMs":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
