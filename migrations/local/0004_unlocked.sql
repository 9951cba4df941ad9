-- Until when everything may be changed in a workspace; null, or past, is as is_read_only says.

alter table workspaces add column unlocked_until text;
