#!lua flags=no-writes
-- KEYS session
-- ARGV touch interval in ms, cookie hash or ''
-- Returns the role and whether a touch is due (1 or 0), or false if the session is not active.
-- It writes nothing, so that sessions can be looked up where Redis refuses writes.
local found = redis.call('HMGET', KEYS[1], 'role', 'seen', 'ends', 'cookie', 'suspended')
if not found[1] or found[5] then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now >= tonumber(found[3]) then return false end
if ARGV[2] ~= '' and ARGV[2] ~= found[4] then return false end
return {found[1], now - tonumber(found[2]) >= tonumber(ARGV[1]) and 1 or 0}
