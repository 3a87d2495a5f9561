-- KEYS index of the user's sessions
-- ARGV key prefix of the user's sessions, id to keep or '', cut-off or '', then the ids to revoke, or none for all
-- The cut-off is the start of an id. Ids are UUIDv7: they sort by the time at which the sessions started. With a
-- cut-off, only sessions with lower ids are revoked: those that started before its time.
-- Returns the ids that were revoked.
local ids = {unpack(ARGV, 4)}
if #ids == 0 then ids = redis.call('ZRANGE', KEYS[1], 0, -1) end
local revoked = {}
for _, id in ipairs(ids) do
  if id ~= ARGV[2] and (ARGV[3] == '' or string.sub(id, 1, #ARGV[3]) < ARGV[3]) then
    local removed = redis.call('DEL', ARGV[1] .. id) + redis.call('ZREM', KEYS[1], id)
    if removed > 0 then revoked[#revoked + 1] = id end
  end
end
return revoked
