"""The rules of `core.throttle` once more, as the script by which a Redis or Valkey counts for several machines.

One call for each verb, and nobody sees half of it. Moments are of the server's own clock. A test holds it to the rules.

Counters that begin are numbered, and given back when they end empty. Beyond a number, new names share one of a thousand
counters that no success resets: however many names are tried, the memory is bounded and nobody is better off.
"""

from __future__ import annotations

from typing import Final

SCRIPT: Final = """\
local known, strangers, address, client, names, common_account, common_address = unpack(KEYS)
local verb, lease, most_names = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local is_known, by_known = ARGV[4] == '1', ARGV[5] == '1'
local in_common_account, in_common_address, outcome = ARGV[6] == '1', ARGV[7] == '1', ARGV[8]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000

local function limits(first)
  local numbers = {}
  for index = 0, 5 do numbers[index + 1] = tonumber(ARGV[first + index]) end
  return {free = numbers[1], most = numbers[2], first_wait = numbers[3], longest_wait = numbers[4],
          memory = numbers[5], since_first = numbers[6] == 1}
end
local of_known, of_strangers, of_address, of_client = limits(9), limits(15), limits(21), limits(27)

local function wait_after(l, failures)
  return math.min(l.longest_wait, l.first_wait * 2 ^ math.min(failures - l.free, 30))
end

local function add(c, l, more, at)
  if not (l.since_first and c.failures > 0) then c.since = at end
  c.failures = c.failures + more
  c.opens_at = 0
  if c.failures >= l.free then c.opens_at = at + wait_after(l, c.failures) end
end

local function forget(c)
  c.failures, c.opens_at, c.since = 0, 0, 0
end

local function lapse(c, l)
  if c.reserved > 0 and now >= c.lease_ends_at then
    local more = c.reserved
    c.reserved = 0
    add(c, l, more, c.lease_ends_at)
  end
  if c.failures > 0 and now >= c.since + l.memory then forget(c) end
end

local function parse(text)
  local f, r, o, e, s = string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
  return {failures = tonumber(f), reserved = tonumber(r), opens_at = tonumber(o),
          lease_ends_at = tonumber(e), since = tonumber(s)}
end

local function read(key, l)
  local text = redis.call('GET', key)
  local c = text and parse(text) or {failures = 0, reserved = 0, opens_at = 0, lease_ends_at = 0, since = 0}
  c.key, c.there, c.common = key, text and true or false, false
  lapse(c, l)
  return c
end

local function read_or_share(key, common, l)
  local c = read(key, l)
  if c.there then return c end
  local shared = read(common, l)
  if tonumber(redis.call('GET', names) or '0') >= most_names then
    shared.common = true
    return shared
  end
  c.failures, c.opens_at, c.since = shared.failures, shared.opens_at, shared.since
  return c
end

local function write(c, l)
  if c.failures == 0 and c.reserved == 0 then
    if c.there and redis.call('DEL', c.key) == 1 then redis.call('DECR', names) end
    return
  end
  local text = string.format('%d %d %.3f %.3f %.3f', c.failures, c.reserved, c.opens_at, c.lease_ends_at, c.since)
  redis.call('SET', c.key, text, 'PX', math.ceil((l.memory + lease) * 1000))
  if not c.there and redis.call('INCR', names) == 1 then
    redis.call('EXPIRE', names, math.ceil(of_strangers.memory))
  end
end

local function judge(c, l)
  if c.failures >= l.most or (c.failures >= l.free and now < c.opens_at) then return 'refused' end
  if c.failures >= l.free then return c.reserved > 0 and 'busy' or 'admitted' end
  return c.failures + c.reserved < l.free and 'admitted' or 'busy'
end

local function seconds_closed(c, l)
  local ends_at = c.failures >= l.most and c.since + l.memory or c.opens_at
  return math.max(1, math.ceil(ends_at - now))
end

local function reserve(c, l)
  c.reserved, c.lease_ends_at = c.reserved + 1, math.max(c.lease_ends_at, now + lease)
  write(c, l)
end

local function flag(held)
  return held and 1 or 0
end

local function crossed(before, c, l, alarm)
  return before < l.most and l.most <= c.failures and alarm or 0
end

local function count(c, l, alarm)
  local before = c.failures
  add(c, l, 1, now)
  write(c, l)
  return crossed(before, c, l, alarm)
end

local function take()
  local a, waits = read_or_share(address, common_address, of_address), false
  if is_known then
    local k = read(known, of_known)
    local verdict = judge(k, of_known)
    if verdict == 'admitted' then
      reserve(k, of_known)
      reserve(a, of_address)
      return {'admitted', 0, 1, 0, flag(a.common)}
    end
    waits = verdict == 'busy'
  end
  local verdict = judge(a, of_address)
  if verdict == 'refused' then
    return {waits and 'busy' or 'address', seconds_closed(a, of_address), 0, 0, 0}
  end
  local s = read_or_share(strangers, common_account, of_strangers)
  local of_account = judge(s, of_strangers)
  if of_account == 'refused' then return {waits and 'busy' or 'account', 1, 0, 0, 0} end
  if of_account == 'busy' or verdict == 'busy' then return {'busy', 1, 0, 0, 0} end
  reserve(s, of_strangers)
  reserve(a, of_address)
  return {'admitted', 0, 0, flag(s.common), flag(a.common)}
end

local function ease(c, l)
  local failures = l.free
  while failures < l.most - 1 and wait_after(l, failures) < l.longest_wait do failures = failures + 1 end
  c.failures = math.min(c.failures, math.min(failures, l.most - 1))
end

local function fail(c, l, alarm)
  if c.reserved == 0 then return 0 end
  c.reserved = c.reserved - 1
  return count(c, l, alarm)
end

local function settle()
  local l = by_known and of_known or of_strangers
  local c = read(by_known and known or (in_common_account and common_account or strangers), l)
  local a = read(in_common_address and common_address or address, of_address)
  if outcome == 'wrong' then
    return fail(a, of_address, 1) + fail(c, l, by_known and 0 or 2) + count(read(client, of_client), of_client, 4)
  end
  local right = outcome == 'right'
  c.reserved, a.reserved = math.max(0, c.reserved - 1), math.max(0, a.reserved - 1)
  if right and not in_common_account then forget(c) end
  write(c, l)
  write(a, of_address)
  if right then
    local other = by_known and read(strangers, of_strangers) or read(known, of_known)
    if other.failures > 0 then
      if by_known then ease(other, of_strangers) else forget(other) end
      write(other, by_known and of_strangers or of_known)
    end
  end
  return 0
end

local function count_wrong_secret()
  local a = read_or_share(address, common_address, of_address)
  local held = judge(a, of_address) == 'refused'
  local alarms = count(a, of_address, 1) + count(read(client, of_client), of_client, 4)
  return {held and seconds_closed(a, of_address) or 0, alarms}
end

local function standing(c, l)
  local verdict = judge(c, l)
  local closed = verdict == 'refused' and seconds_closed(c, l) or 0
  return {c.failures, c.reserved, verdict, closed, c.failures > 0 and math.floor(now - c.since) or 0}
end

local function look()
  return {standing(read(known, of_known), of_known),
          standing(read_or_share(strangers, common_account, of_strangers), of_strangers),
          standing(read_or_share(address, common_address, of_address), of_address),
          standing(read(client, of_client), of_client)}
end

if verb == 'look' then return look() end
if verb == 'take' then return take() end
if verb == 'settle' then return settle() end
return count_wrong_secret()
"""
