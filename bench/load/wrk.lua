-- Arguments: the mean pause of each connection before a request, in milliseconds; `many` for requests from many client
-- addresses; and for requests that create something, a body and a prefix of their Idempotency-Keys.
function init(args)
  local pauseMs, clients, body, prefix = tonumber(args[1]), args[2], args[3], args[4]
  if pauseMs and pauseMs > 0 then
    delay = function() return math.random(0, 2 * pauseMs) end
  end
  if clients == "many" then
    request = function()
      wrk.headers["X-Forwarded-For"] =
        string.format("10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254))
      return wrk.format()
    end
  end
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
    '\n{"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"maxMs":%.3f,"rejected":%d,"failed":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
