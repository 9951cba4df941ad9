set local role steward_owner;

-- The platform may ask which plan a user without one is on, but reads no table.
alter function steward.default_plan() security definer;
