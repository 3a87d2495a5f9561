-- KEYS session, index of the user's sessions
-- ARGV id, idle limit in ms, age limit in ms, sessions per user, key prefix of the user's sessions, then the other
-- fields with their values
-- Returns the ids of the sessions that were removed because the user had too many.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = now + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'created', now, 'seen', now, 'ends', ends, unpack(ARGV, 6))
redis.call('PEXPIREAT', KEYS[1], math.min(now + tonumber(ARGV[2]), ends))
redis.call('ZADD', KEYS[2], now, ARGV[1])
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', ARGV[5] .. id) == 0 then redis.call('ZREM', KEYS[2], id) end
end
local evicted = {}
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, over)) do
    -- After a failover to a server whose clock is behind, the new session may look like the oldest.
    if id ~= ARGV[1] and #evicted < over then
      redis.call('DEL', ARGV[5] .. id)
      redis.call('ZREM', KEYS[2], id)
      evicted[#evicted + 1] = id
    end
  end
end
local indexTtl = redis.call('PTTL', KEYS[2])
if now + indexTtl < ends then redis.call('PEXPIREAT', KEYS[2], ends) end
return evicted
