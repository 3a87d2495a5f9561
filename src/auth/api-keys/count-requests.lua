-- KEYS request count of one API key in one window
-- ARGV number of requests to add, time to keep the count in ms
-- Returns the count of all instances.
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return count
