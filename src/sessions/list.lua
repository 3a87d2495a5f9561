#!lua flags=no-writes
-- KEYS index of the user's sessions
-- ARGV key prefix of the user's sessions
-- Returns id, device, address, created, seen and ends of each active session.
local sessions = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  local found = redis.call('HMGET', ARGV[1] .. id, 'device', 'address', 'created', 'seen', 'ends', 'suspended')
  if found[3] and not found[6] then sessions[#sessions + 1] = {id, found[1] or '', found[2] or '', found[3], found[4], found[5]} end
end
return sessions
