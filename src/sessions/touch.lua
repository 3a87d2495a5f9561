-- KEYS session, index of the user's sessions
-- ARGV id, idle limit in ms
-- Extends an active session by the idle limit. Returns false if the session is not active.
local found = redis.call('HMGET', KEYS[1], 'ends', 'suspended')
if not found[1] or found[2] then return false end
local time = redis.call('TIME')
local now, ends = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(found[1])
if now >= ends then return false end
redis.call('HSET', KEYS[1], 'seen', now)
redis.call('PEXPIREAT', KEYS[1], math.min(now + tonumber(ARGV[2]), ends))
redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
return true
