-- KEYS fleet, a hash with a field for each boot (one run of one process)
-- ARGV boot, beat, heartbeat, how long an entry is kept in ms, 'read' or 'write'
-- Writes the entry "<time in ms> <beat> <heartbeat>" unless a later beat is stored. With 'read', returns boot, age in ms
-- and heartbeat of each fresh entry of another boot, and deletes the entries that are not fresh.
-- Times and ages come from the clock of Redis.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local storedBeat = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^%d+ (%d+) ')
if not storedBeat or tonumber(storedBeat) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s %s', now, ARGV[2], ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[4] * 4)
end
local fresh = {}
if ARGV[5] ~= 'read' then return fresh end
local all, keep = redis.call('HGETALL', KEYS[1]), tonumber(ARGV[4])
for i = 1, #all, 2 do
  local boot = all[i]
  if boot ~= ARGV[1] then
    local writtenAt, heartbeat = string.match(all[i + 1], '^(%d+) %d+ (.*)$')
    local at = tonumber(writtenAt or '')
    if at and math.abs(now - at) <= keep then
      fresh[#fresh + 1] = boot
      fresh[#fresh + 1] = string.format('%.0f', now - at)
      fresh[#fresh + 1] = heartbeat
    else
      redis.call('HDEL', KEYS[1], boot)
    end
  end
end
return fresh
