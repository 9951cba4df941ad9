//! Every row of the table is reachable from the command line.

use std::collections::BTreeSet;

use steward_app::table::TABLE;
use steward_cli::covered_rows;

const ID: &str = "0190b2a0-0000-7000-8000-000000000001";

#[test]
fn every_row_of_the_table_is_reachable() {
    let lines = [
        "overview",
        "usage --by model --filter feature=draft --measure tokens --bucket week",
        "usage what-if --plan free --metric prompts --limit 100",
        "offenders --kind over_limit",
        "views list",
        "views save chats --by feature",
        "views remove chats",
        "find ada lovelace",
        "users list",
        "users show a@example.com",
        "users timeline a@example.com --topic limits",
        "users change-plan a@example.com --plan pro",
        "users suspend a@example.com",
        "users restore a@example.com",
        "users extend-trial a@example.com --for 7d",
        "users reset-usage a@example.com --metric prompts",
        "users raise-limit a@example.com --metric prompts --to 100 --for 7d",
        "users limits a@example.com",
        "limits check a@example.com prompts 5",
        "cleanup --keep-months 13",
        "cleanup --resume",
        "recount 2026-11",
        "quality",
        "export events --where feature=chat --out events.csv",
        "export list",
        "export cancel 0190b2a0-0000-7000-8000-000000000001",
        "operators list",
        "operators create ada --name Ada --role support",
        "operators remove ada",
        "plans list",
        "plans edit pro --price-month 3900 --limit prompts/month=2000",
        "revenue --month 2026-10 --profile chartmogul --currency EUR",
        "revenue movements --kind churn",
        "revenue bridge --from stripe --to chartmogul",
        "revenue closed",
        "revenue close 2026-10",
        "revenue reopen 2026-10",
        "report revenue --month 2026-10 --pdf out.pdf --xlsx out.xlsx",
        "report close --month 2026-10 --pdf out.pdf",
        "report overview --pdf out.pdf",
        "stripe connect",
        "stripe disconnect",
        "stripe status",
        "stripe pull",
        "stripe change sub_1 --plan pro --quantity 3",
        "stripe cancel sub_1 --now",
        "stripe reinstate sub_1",
        "stripe refund ch_1 --amount 12.50",
        "stripe reconcile --csv subscriptions.csv --class plan",
        "billing",
        "invoices --failing",
        "payments --status failed",
        "refunds --account a@example.com",
        "events list --where feature=chat",
        "audit list",
        "audit verify",
        &format!("revert {ID}"),
        "sync",
        "sync --watch",
        "sync status",
        "sync pause",
        "sync resume",
        "sync rebuild",
        "sync window --days 90 --rows all",
        "verify",
        "workspace add acme -",
        "workspace list",
        "workspace use acme",
        "workspace remove acme",
        "workspace mode acme read-only",
        "connect -",
        "db status",
        "db install",
        "db migrate",
        "sample open",
        "sample reset",
        "doctor",
        "whoami",
        "settings show",
        "settings set range 90d",
    ];
    let mut covered = BTreeSet::new();
    for line in lines {
        let words: Vec<&str> = std::iter::once("steward").chain(line.split(' ')).collect();
        covered.extend(covered_rows(&words).unwrap_or_else(|| panic!("`steward {line}` does not parse")));
    }
    for spec in TABLE {
        assert!(covered.contains(spec.name), "no command of the command line calls {}", spec.name);
    }
}
