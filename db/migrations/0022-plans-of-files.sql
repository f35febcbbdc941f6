-- Whether a plan's name was ever published is asked for every name that a search matches. file_plans_payer would read all
-- rows of the payer to find one plan of it: 5 ms a name for a payer with twenty plans in each of 500 files.
set local role glimmr_pipeline;

create index file_plans_plan on prices.file_plans (plan_id, file_id);

reset role;
