-- What a machine asks, for wrk: the request named by $REQUEST, over and over.
-- With $MACHINES, each time from another of so many machines; with $UNTRACKED
-- too, always from the machine of 32 zeros, which is not kept track of.
local machines = tonumber(os.getenv("MACHINES") or "0")
local untracked = os.getenv("UNTRACKED") == "1"
local file = assert(io.open(assert(os.getenv("REQUEST"), "REQUEST is not set"), "rb"))
local body = file:read("*a")
file:close()

wrk.method = "POST"
wrk.body = body
wrk.headers["Content-Type"] = "text/xml"

if machines > 0 then
   local before, after = body:match('^(.-machineid=")[^"]*(".*)$')
   assert(before, "the request has no machineid")
   local number = 0
   request = function()
      number = number % machines + 1
      local id = untracked and 0 or number
      return wrk.format(nil, nil, nil, string.format("%s%032x%s", before, id, after))
   end
end

-- One line that a program can read. Latencies are in microseconds.
done = function(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      'RESULT {"requests": %d, "seconds": %.6f, "p50": %.1f, "p99": %.1f, "errors": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
