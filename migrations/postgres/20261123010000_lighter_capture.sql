set local role steward_owner;

-- A check is read anew by every statement, which was a quarter of what logging a change costs the platform. Only the
-- functions of steward.make_capture write here, and a reader takes an operation it does not know for a change of
-- everything.
alter table steward.change_log drop constraint if exists change_log_op_known;

-- The condition is read anew by every statement of the platform, too; a setting that was never made is null, which is not
-- true, and needs no function around it.
drop trigger if exists audit on steward.usage_counters;
create trigger audit after insert or update or delete on steward.usage_counters for each row
    when (current_setting('steward.action', true) <> '')
    execute function steward.audit('user_id', 'period', 'metric');
alter table steward.usage_counters enable always trigger audit;
