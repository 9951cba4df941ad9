//! `export …`: the exact rows first, then the file, with progress on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use steward_app::Mode;
use steward_app::table::row;
use steward_core::audit::AuditListReq;
use steward_core::event::EventListReq;
use steward_core::export::{
    ExportFormat, ExportJob, ExportPlanReq, ExportRef, ExportReq, ExportSource, ExportState, ExportStyle,
};
use steward_core::period::{Compare, Period};
use steward_core::user::UserListReq;
use steward_core::{Error, Result};

use super::list::user_filter;
use super::usage;
use crate::args::{ExportArgs, ExportCommand, ExportFormatArg, OverviewPart};
use crate::client::{Answer, Client};
use crate::render::export;
use crate::render::number::grouped;

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) async fn run(client: &Client, command: ExportCommand) -> Result<Answer> {
    let (source, file) = match command {
        ExportCommand::List => {
            let list = client.ask::<row::export_list>(()).await?;
            return Answer::new(&list, export::jobs(&list.rows, client.zone().await?));
        }
        ExportCommand::Cancel { id } => {
            let list = client.call::<row::export_cancel>(ExportRef { id }, Mode::Run).await?;
            return Answer::new(&list, export::jobs(&list.rows, client.zone().await?));
        }
        ExportCommand::Users { filter, file } => {
            let filter = user_filter(filter, client.zone().await?);
            (ExportSource::Users { request: UserListReq { filter, ..UserListReq::default() } }, file)
        }
        ExportCommand::Events { filters, hour, from, to, file } => {
            let period = from.zip(to).map(|(start, end)| Period { start, end });
            (events(client, &filters, hour.as_deref(), period).await?, file)
        }
        ExportCommand::Audit { operation, key, who, action, table, when, file } => {
            let intent = operation
                .map(|text| text.parse())
                .transpose()
                .map_err(|_| Error::invalid("operation", "An operation's id is a UUID."))?;
            let request = AuditListReq { intent, key, who, action, table, ..AuditListReq::default() };
            let request = when.narrow(request, client.zone().await?);
            (ExportSource::Audit { request }, file)
        }
        ExportCommand::Plans { file } => (answer("plan_list", json!(null), "/rows", "Plans"), file),
        ExportCommand::Overview { part, file } => (overview(client, part).await?, file),
        ExportCommand::Answer { command, rows, request, file } => {
            let request = serde_json::from_str(&request)
                .map_err(|_| Error::invalid("request", "A request is written as JSON."))?;
            (answer(&command, request, &rows, &command.replace('_', " ")), file)
        }
    };
    write(client, source, file).await
}

fn answer(command: &str, request: serde_json::Value, rows: &str, name: &str) -> ExportSource {
    ExportSource::Answer {
        command: command.to_owned(),
        request,
        rows: rows.to_owned(),
        name: name.to_owned(),
    }
}

async fn events(
    client: &Client,
    filters: &[String],
    hour: Option<&str>,
    period: Option<Period>,
) -> Result<ExportSource> {
    let zone = client.zone().await?;
    let period = match period {
        Some(period) => period,
        None => client.range().await?.resolve(zone, client.as_of().await?, Compare::Off).period,
    };
    let filters = usage::filters("where", filters)?;
    let hour = usage::hour(hour, zone)?;
    Ok(ExportSource::Events { request: EventListReq { period, filters, hour, after: None, limit: 0 } })
}

async fn overview(client: &Client, part: OverviewPart) -> Result<ExportSource> {
    let (rows, name) = match part {
        OverviewPart::Activity => ("/activity_chart", "Events per day"),
        OverviewPart::Latency => ("/latency_chart", "Latency"),
        OverviewPart::Errors => ("/error_chart", "Errors"),
        OverviewPart::Features => ("/by_feature", "Features"),
        OverviewPart::Plans => ("/by_plan", "Plans"),
        OverviewPart::Models => ("/by_model", "Models"),
        OverviewPart::TopUsers => ("/top_users", "Most active users"),
        OverviewPart::Cards => ("/cards", "Overview"),
    };
    let request = json!({
        "range": client.range().await?,
        "zone": client.zone().await?,
        "compare": client.settings().await?.compare,
    });
    Ok(answer("overview_show", request, rows, name))
}

async fn write(client: &Client, source: ExportSource, file: ExportArgs) -> Result<Answer> {
    client.ensure_fresh().await?;
    let format = format(&file)?;
    let plan = client.ask::<row::export_plan>(ExportPlanReq { source: source.clone(), format }).await?;
    let path = match &file.out {
        Some(path) => std::path::absolute(path)
            .map_err(|cause| Error::invalid("out", "Say which file to write.").with_source(cause))?
            .to_string_lossy()
            .into_owned(),
        None => plan.path.clone(),
    };
    let shown = export::plan(&plan, &path, client.zone().await?);
    if client.global.dry_run {
        return Ok(Answer::new(&plan, shown)?.fresh(&plan.freshness));
    }
    client.note(&shown);
    let request = ExportReq {
        source,
        format,
        style: if file.formatted { ExportStyle::Formatted } else { ExportStyle::Raw },
        has_bom: file.bom,
        zone: client.zone().await?,
        path,
        is_replacing: file.force,
    };
    let job = tokio::select! {
        job = client.call::<row::export_run>(request.clone(), Mode::Run) => job?,
        () = tell(client, &request.path) => return Err(Error::internal("Telling the progress came to an end.")),
    };
    if !job.is_logged {
        client.note("the audit log is told of it at the next connection");
    }
    Ok(Answer::new(&job, export::done(&job))?.fresh(&plan.freshness))
}

fn format(file: &ExportArgs) -> Result<ExportFormat> {
    let by_name = file.out.as_deref().and_then(Path::extension).and_then(|end| end.to_str());
    match (file.format, by_name.map(str::to_ascii_lowercase).as_deref()) {
        (Some(ExportFormatArg::Csv), _) | (None, Some("csv") | None) => Ok(ExportFormat::Csv),
        (Some(ExportFormatArg::Xlsx), _) | (None, Some("xlsx")) => Ok(ExportFormat::Xlsx),
        (Some(ExportFormatArg::Jsonl), _) | (None, Some("jsonl" | "ndjson")) => Ok(ExportFormat::Jsonl),
        (Some(ExportFormatArg::Png), _) | (None, Some("png")) => Ok(ExportFormat::Png),
        (Some(ExportFormatArg::Svg), _) | (None, Some("svg")) => Ok(ExportFormat::Svg),
        (None, Some(_)) => {
            let words = "The file's name says no kind: give --format csv, xlsx, jsonl, png or svg.";
            Err(Error::invalid("format", words))
        }
    }
}

/// Says how far it is, for as long as it is asked: on a terminal in place, else a line for every tenth.
async fn tell(client: &Client, path: &str) {
    let is_terminal = std::io::stderr().is_terminal();
    let mut tenth = 0;
    let mut look = tokio::time::interval(LOOK);
    look.tick().await;
    loop {
        look.tick().await;
        // A look that fails says nothing about the export.
        let Ok(list) = client.ask::<row::export_list>(()).await else { continue };
        let running =
            |job: &&ExportJob| job.state == ExportState::Running && job.path == path && job.rows_total > 0;
        let Some(job) = list.rows.iter().find(running) else { continue };
        let line =
            format!("{} of {} rows", grouped(i128::from(job.rows)), grouped(i128::from(job.rows_total)));
        if client.global.quiet {
            continue;
        }
        let reached = job.rows.saturating_mul(10) / job.rows_total;
        if is_terminal {
            anstream::eprint!("\r{line}\u{1b}[K");
            let _ = std::io::stderr().flush();
        } else if reached > tenth {
            tenth = reached;
            anstream::eprintln!("{line}");
        }
    }
}
