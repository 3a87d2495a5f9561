// Each script can be repeated: a command that timed out may still have run. None of them makes a session that is gone.
// A session is a hash: seed, gen, rotated, cookie, role, device, address, created, seen, ends (times in ms).

/** KEYS session, index · ARGV id, now, idleMs, ends, cap, prefix, then the fields. Gives the ids that had to make room. */
export const createScript = `
local now, idle, ends = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('HSET', KEYS[1], unpack(ARGV, 7))
redis.call('PEXPIREAT', KEYS[1], math.min(now + idle, ends))
redis.call('ZADD', KEYS[2], now, ARGV[1])
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', ARGV[6] .. id) == 0 then redis.call('ZREM', KEYS[2], id) end
end
local evicted = {}
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[5])
if over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, over)) do
    -- With clocks apart the one that was just made may look like the oldest.
    if id ~= ARGV[1] and #evicted < over then
      redis.call('DEL', ARGV[6] .. id)
      redis.call('ZREM', KEYS[2], id)
      evicted[#evicted + 1] = id
    end
  end
end
local longest = redis.call('PTTL', KEYS[2])
if now + longest < ends then redis.call('PEXPIREAT', KEYS[2], ends) end
return evicted
`;

/** KEYS session, index · ARGV id, now, idleMs, touchEveryMs, cookieHash or ''. Gives the role, or nothing. */
export const lookUpScript = `
local found = redis.call('HMGET', KEYS[1], 'role', 'seen', 'ends', 'cookie')
if not found[1] then return false end
local now, ends = tonumber(ARGV[2]), tonumber(found[3])
if now >= ends then return false end
if ARGV[5] ~= '' and ARGV[5] ~= found[4] then return false end
if now - tonumber(found[2]) >= tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'seen', now)
  redis.call('PEXPIREAT', KEYS[1], math.min(now + tonumber(ARGV[3]), ends))
  redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
end
return found[1]
`;

/**
 * KEYS session, index · ARGV id, generation, now, idleMs, graceMs, role. The caller has proved that we made the token
 * of that generation. Gives what happened and the generation that is current now.
 */
export const rotateScript = `
local found = redis.call('HMGET', KEYS[1], 'gen', 'rotated', 'ends')
if not found[1] then return {'gone', 0} end
local asked, current, now, ends = tonumber(ARGV[2]), tonumber(found[1]), tonumber(ARGV[3]), tonumber(found[3])
if now >= ends then return {'gone', 0} end
if asked == current - 1 and now - tonumber(found[2]) <= tonumber(ARGV[5]) then return {'repeated', current} end
if asked < current then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  return {'reused', 0}
end
redis.call('HSET', KEYS[1], 'gen', asked + 1, 'rotated', now, 'seen', now, 'role', ARGV[6])
redis.call('PEXPIREAT', KEYS[1], math.min(now + tonumber(ARGV[4]), ends))
redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
return {'rotated', asked + 1}
`;

/** KEYS index · ARGV prefix, id of the one to keep or '', then ids, or none for all. Gives the ids that were revoked. */
export const revokeScript = `
local ids = {unpack(ARGV, 3)}
if #ids == 0 then ids = redis.call('ZRANGE', KEYS[1], 0, -1) end
local revoked = {}
for _, id in ipairs(ids) do
  if id ~= ARGV[2] then
    local was = redis.call('DEL', ARGV[1] .. id) + redis.call('ZREM', KEYS[1], id)
    if was > 0 then revoked[#revoked + 1] = id end
  end
end
return revoked
`;

/** KEYS index · ARGV prefix. Gives id, device, address, created, seen for each session that is alive. */
export const listScript = `
local sessions = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  local found = redis.call('HMGET', ARGV[1] .. id, 'device', 'address', 'created', 'seen', 'ends')
  if found[3] then sessions[#sessions + 1] = {id, found[1] or '', found[2] or '', found[3], found[4], found[5]} end
end
return sessions
`;
