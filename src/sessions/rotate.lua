-- KEYS session, index of the user's sessions
-- ARGV id, generation of the token, idle limit in ms, retry window in ms, role
-- The caller has verified the token of that generation.
-- A reused token suspends the session. A suspended session is refused, but kept until its revocation is recorded in
-- Postgres, so that each further call reports the reuse again.
-- Returns the outcome, the current generation, and the ms until the session ends.
local found = redis.call('HMGET', KEYS[1], 'gen', 'rotated', 'ends', 'suspended')
if not found[1] then return {'not_active', 0, 0} end
local time = redis.call('TIME')
local now, ends = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(found[3])
if now >= ends then return {'not_active', 0, 0} end
local presented, current = tonumber(ARGV[2]), tonumber(found[1])
if found[4] then return {'reused', 0, 0} end
if presented == current - 1 and now - tonumber(found[2]) <= tonumber(ARGV[4]) then
  return {'repeated', current, ends - now}
end
if presented < current then
  redis.call('HSET', KEYS[1], 'suspended', now)
  return {'reused', 0, 0}
end
redis.call('HSET', KEYS[1], 'gen', presented + 1, 'rotated', now, 'seen', now, 'role', ARGV[5])
redis.call('PEXPIREAT', KEYS[1], math.min(now + tonumber(ARGV[3]), ends))
redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
return {'rotated', presented + 1, ends - now}
