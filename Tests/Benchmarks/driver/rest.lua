-- What wrk sends to the admin plane, and how it reports. Arguments after "--": get or put, and the number of objects.

local method, objects
local number = 0

function init(arguments)
  method = arguments[1]
  objects = tonumber(arguments[2])
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  number = number + 1
  local path = "/api/v1/export-rules/bench-" .. (number % objects)
  if method == "get" then
    return wrk.format("GET", path)
  end
  local body = '{"spec":{"priority":' .. number .. ',"action":"allow","namespaces":["shop"],"names":["cart-*"]}}'
  return wrk.format("PUT", path, nil, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"failures":%d,"p50":%f,"p99":%f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
