#!lua flags=no-writes
-- KEYS session
-- ARGV touch interval in ms
-- Returns the role, the hash of the cookie, the ms until a touch is due and the ms until the session ends; or false if
-- the session is not active.
-- The script writes nothing, so that sessions can be looked up while Redis refuses writes.
local found = redis.call('HMGET', KEYS[1], 'role', 'seen', 'ends', 'cookie', 'suspended')
if not found[1] or found[5] then return false end
local time = redis.call('TIME')
local now, ends = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(found[3])
if now >= ends then return false end
local remaining, idleRemaining = ends - now, redis.call('PTTL', KEYS[1])
if idleRemaining >= 0 then remaining = math.min(remaining, idleRemaining) end
return {found[1], found[4] or '', tonumber(found[2]) + tonumber(ARGV[1]) - now, remaining}
