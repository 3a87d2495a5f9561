-- KEYS session, index
-- ARGV id, idle limit in ms, touch interval in ms, cookie hash or ''
-- Returns the role, or false if the session is not active.
local found = redis.call('HMGET', KEYS[1], 'role', 'seen', 'ends', 'cookie', 'suspended')
if not found[1] or found[5] then return false end
local time = redis.call('TIME')
local now, ends = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(found[3])
if now >= ends then return false end
if ARGV[4] ~= '' and ARGV[4] ~= found[4] then return false end
if now - tonumber(found[2]) >= tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'seen', now)
  redis.call('PEXPIREAT', KEYS[1], math.min(now + tonumber(ARGV[2]), ends))
  redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
end
return found[1]
