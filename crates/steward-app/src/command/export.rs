//! `export_plan`, `export_run`, `export_list`, `export_cancel`.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use steward_core::export::{
    Cell, ExportFailure, ExportFormat, ExportJob, ExportList, ExportPlan, ExportPlanReq, ExportRef,
    ExportReq, ExportSource, ExportState, Manifest, SHEET_ROWS,
};
use steward_core::{Error, ErrorKind, Result};
use steward_report::table::{TableOptions, TableWriter, Written};
use steward_store::cache::query::export::{Described, describe, each};
use steward_store::local::WorkspaceRecord;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::workspace::server_name;
use crate::context::{Engine, Steward, address_of};
use crate::export::answer::{Found, find};
use crate::export::file::{Part, Target, refused as file_refused, remove_parts};
use crate::export::pulse::Pulse;
use crate::export::report::{CHART, Made, ROWS, Report, check_format, picture};
use crate::export::{name_of, usual_path};
use crate::table::{CommandKind, Mode, TABLE, dispatch};

/// An export whose process has not come by for so long has died with it.
const DEAD: TimeDelta = TimeDelta::seconds(20);

/// Exports that are listed.
const LISTED: u32 = 100;

pub(crate) async fn export_plan(steward: &Steward, request: ExportPlanReq) -> Result<ExportPlan> {
    let ExportPlanReq { source, format } = request;
    let workspace = steward.current().await?;
    let name = name_of(&source);
    let (described, formats) = match &source {
        ExportSource::Answer { .. } => {
            let found = ask(steward, &source).await?;
            (described(&found, &source), formats_of(&found))
        }
        ExportSource::Report { request } => {
            let report = Report::ask(steward, request).await?;
            let formats = report.formats();
            // Its charts are drawn on the way to the number of its rows.
            let described = steward.blocking(move |_| Ok(described_report(&report, report.rows()?))).await?;
            (described, formats)
        }
        _ => {
            let source = source.clone();
            let described = steward.cache().await?.read(move |reader| describe(reader, &source)).await?;
            (described, ROWS.as_slice())
        }
    };
    check_format(format, formats)?;
    let sheets = match format {
        ExportFormat::Xlsx => described.rows.div_ceil(SHEET_ROWS - 1).max(1),
        _ => 1,
    };
    let path = usual_path(&workspace.name, &name, described.freshness.as_of, format)?;
    Ok(ExportPlan {
        freshness: described.freshness,
        rows: described.rows,
        columns: described.columns,
        filter: described.filter,
        formats: formats.to_vec(),
        sheets,
        path: path.to_string_lossy().into_owned(),
    })
}

fn formats_of(found: &Found) -> &'static [ExportFormat] {
    if found.chart.is_some() { &CHART } else { &ROWS }
}

fn described_report(report: &Report, rows: u64) -> Described {
    Described {
        freshness: report.freshness().clone(),
        rows,
        columns: Vec::new(),
        filter: report.words(),
        period: Some(report.period()),
    }
}

/// The answer that holds the rows.
async fn ask(steward: &Steward, source: &ExportSource) -> Result<Found> {
    let ExportSource::Answer { command, request, rows, .. } = source else {
        return Err(Error::internal("A list is no answer."));
    };
    let is_question = TABLE.iter().any(|spec| spec.name == command && spec.kind == CommandKind::Query);
    if !is_question {
        return Err(Error::invalid("command", format!("`{command}` is no question whose answer has rows.")));
    }
    // As the caller would have been answered, with the same refusals.
    let answer = dispatch(steward, command, request.clone(), Mode::Run).await.map_err(|error| {
        let found = Error::new(ErrorKind::from_code(error.code), error.message);
        match error.detail {
            Some(detail) => found.with_detail(detail),
            None => found,
        }
    })?;
    find(&answer, rows)
}

fn described(found: &Found, source: &ExportSource) -> Described {
    let filter = match source {
        ExportSource::Answer { request: serde_json::Value::Object(fields), .. } => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{} is {value}", key.replace('_', " "))
            })
            .collect(),
        _ => Vec::new(),
    };
    Described {
        freshness: found.freshness.clone(),
        rows: found.rows.len() as u64,
        columns: found.columns.clone(),
        filter,
        period: found.period,
    }
}

/// The work is a task of its own that a closing Steward waits for; a caller who leaves stops it.
pub(crate) async fn export_run(steward: &Steward, request: ExportReq) -> Result<ExportJob> {
    let cancel = steward.inner.cancel.child_token();
    let leaving = cancel.clone().drop_guard();
    let (sender, receiver) = oneshot::channel();
    let working = steward.clone();
    steward.spawn(async move {
        let _ = sender.send(run(&working, request, cancel).await);
    });
    let result = receiver
        .await
        .map_err(|cause| Error::internal("The export ended without a word.").with_source(cause))?;
    leaving.disarm();
    result
}

async fn run(steward: &Steward, request: ExportReq, cancel: CancellationToken) -> Result<ExportJob> {
    let workspace = steward.current().await?;
    let id = Uuid::now_v7();
    let target = Target::new(&request.path, id, request.is_replacing)?;
    let content = Content::ask(steward, &request).await?;
    let job = ExportJob {
        id,
        name: name_of(&request.source),
        path: target.path.to_string_lossy().into_owned(),
        manifest_path: target.manifest_path().to_string_lossy().into_owned(),
        format: request.format,
        state: ExportState::Running,
        rows_total: 0,
        rows: 0,
        bytes: None,
        sha256: None,
        started_at: steward.inner.clock.now(),
        ended_at: None,
        error: None,
        is_logged: false,
    };
    let cache = steward.cache().await?;
    let pulse = {
        let (steward, id) = (steward.clone(), workspace.id);
        let begin = steward.clone();
        steward.blocking(move |_| Pulse::new(begin, id, job, cancel)).await.map(Arc::new)?
    };
    let work = Work { workspace, request, target, pulse: Arc::clone(&pulse), now: steward.inner.clock.now() };
    let written = match content {
        Content::Answer(found) => steward.blocking(move |_| work.write_answer(&found)).await,
        Content::Report(report) => steward.blocking(move |_| work.write_report(&report)).await,
        Content::List => {
            cache
                .read(move |reader| {
                    let described = describe(reader, &work.request.source)?;
                    work.write(described, |show| each(reader, &work.request.source, show))
                })
                .await
        }
    };
    let ended = steward.clone();
    match written {
        Ok(manifest) => {
            let job = steward.blocking(move |_| finish(&ended, &pulse, &manifest)).await?;
            match steward.inner.engine {
                Engine::Continuous => {
                    let telling = steward.clone();
                    steward.spawn(async move { telling.tell_exports().await });
                }
                Engine::OnDemand | Engine::Offline => steward.tell_exports().await,
            }
            let id = job.id;
            Ok(steward.blocking(move |inner| inner.local.export(id)).await?.unwrap_or(job))
        }
        Err(error) => {
            let cause = error.clone();
            steward
                .blocking(move |_| {
                    pulse.end(|job| {
                        job.state = match cause.kind() {
                            ErrorKind::Cancelled => ExportState::Cancelled,
                            _ => ExportState::Failed,
                        };
                        job.error = Some(failure(&cause));
                    })
                })
                .await?;
            Err(error)
        }
    }
}

fn failure(error: &Error) -> ExportFailure {
    ExportFailure {
        code: error.code(),
        message: error.message().to_owned(),
        hint: error.kind().hint().to_owned(),
    }
}

/// What the audit log is told lies in `local.db` before anybody is told that the file is there.
fn finish(steward: &Steward, pulse: &Pulse, manifest: &Manifest) -> Result<ExportJob> {
    let name = pulse.job().name;
    let what = json!({
        "name": name,
        "format": manifest.format,
        "rows": manifest.rows,
        "filter": manifest.filter,
        "exported_at": manifest.exported_at,
        "as_of": manifest.as_of,
        "sha256": manifest.sha256,
    });
    steward.inner.local.put_untold(pulse.job().id, Some(&what))?;
    pulse.end(|job| {
        job.state = ExportState::Done;
        job.rows = manifest.rows;
        job.bytes = Some(manifest.bytes);
        job.sha256 = Some(manifest.sha256.clone());
    })
}

/// What is written, asked for before the file is begun: who may not see it is refused first.
enum Content {
    /// Rows of a list, read while they are written.
    List,
    Answer(Box<Found>),
    Report(Report),
}

impl Content {
    async fn ask(steward: &Steward, request: &ExportReq) -> Result<Self> {
        let (content, formats) = match &request.source {
            ExportSource::Answer { .. } => {
                let found = ask(steward, &request.source).await?;
                let formats = formats_of(&found);
                (Self::Answer(Box::new(found)), formats)
            }
            ExportSource::Report { request } => {
                let report = Report::ask(steward, request).await?;
                let formats = report.formats();
                (Self::Report(report), formats)
            }
            _ => (Self::List, ROWS.as_slice()),
        };
        check_format(request.format, formats)?;
        Ok(content)
    }
}

/// One export, on a thread that may block.
struct Work {
    workspace: WorkspaceRecord,
    request: ExportReq,
    target: Target,
    pulse: Arc<Pulse>,
    now: DateTime<Utc>,
}

impl Work {
    fn write_answer(&self, found: &Found) -> Result<Manifest> {
        let described = described(found, &self.request.source);
        match (&found.chart, self.request.format) {
            (Some(chart), ExportFormat::Png | ExportFormat::Svg) => {
                self.write_made(described, &picture(chart, self.request.format)?)
            }
            _ => self.write(described, |show| found.rows.iter().try_for_each(|row| show(row))),
        }
    }

    fn write_report(&self, report: &Report) -> Result<Manifest> {
        let Self { request, workspace, .. } = self;
        let made = report.make(request.format, &workspace.name, request.zone)?;
        self.write_made(described_report(report, made.rows), &made)
    }

    /// A file that is whole already.
    fn write_made(&self, described: Described, made: &Made) -> Result<Manifest> {
        let Self { target, pulse, .. } = self;
        pulse.expect(made.rows);
        let part = target.begin()?;
        let mut out = part.writer(Arc::clone(pulse))?;
        out.write_all(&made.bytes).and_then(|()| out.flush()).map_err(file_refused)?;
        drop(out);
        let written = Written { rows: made.rows, sheets: made.sheets, ..Written::default() };
        self.publish(described, part, written)
    }

    fn write(
        &self,
        described: Described,
        feed: impl FnOnce(&mut dyn FnMut(&[Cell]) -> Result<()>) -> Result<()>,
    ) -> Result<Manifest> {
        let Self { request, target, pulse, .. } = self;
        pulse.expect(described.rows);
        let name = pulse.job().name;
        let options = TableOptions {
            format: request.format,
            style: request.style,
            has_bom: request.has_bom,
            zone: request.zone,
            name: &name,
            folder: &target.folder,
            sheet_rows: SHEET_ROWS,
        };
        let part = target.begin()?;
        let mut table = TableWriter::new(part.writer(Arc::clone(pulse))?, &described.columns, &options)?;
        feed(&mut |row| {
            table.row(row)?;
            pulse.row()
        })?;
        let written = table.finish()?;
        if written.rows != described.rows {
            return Err(Error::internal(
                "The rows are not as many as were counted; no file was left behind.",
            )
            .with_detail(format!("counted {}, found {}", described.rows, written.rows)));
        }
        self.publish(described, part, written)
    }

    fn publish(&self, described: Described, part: Part, written: Written) -> Result<Manifest> {
        let Self { request, target, pulse, .. } = self;
        let (bytes, sha256) = part.digest(pulse)?;
        let address = address_of(&self.workspace)?;
        let file = target.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = Manifest {
            schema: 1,
            file,
            format: request.format,
            style: request.style,
            workspace: self.workspace.name.clone(),
            server: server_name(&address),
            login: address.login().to_owned(),
            exported_at: self.now,
            as_of: described.freshness.as_of,
            is_consistent: described.freshness.is_consistent,
            zone: request.zone,
            period: described.period,
            filter: described.filter,
            source: request.source.clone(),
            rows: written.rows,
            sheets: written.sheets,
            columns: described.columns,
            neutralised_cells: written.neutralised_cells,
            cut_cells: written.cut_cells,
            bytes,
            sha256,
            steward: env!("CARGO_PKG_VERSION").to_owned(),
        };
        pulse.check_now()?;
        target.publish(part, &manifest)?;
        Ok(manifest)
    }
}

pub(crate) async fn export_list(steward: &Steward, (): ()) -> Result<ExportList> {
    let workspace = steward.current().await?;
    steward
        .blocking(move |inner| {
            let now = inner.clock.now();
            let mut rows = Vec::new();
            for kept in inner.local.exports(workspace.id, LISTED)? {
                let mut job = kept.job;
                if job.state == ExportState::Running && now - kept.seen_at > DEAD {
                    remove_parts(&PathBuf::from(&job.path), job.id);
                    job.state = ExportState::Failed;
                    job.ended_at = Some(kept.seen_at);
                    job.error = Some(failure(&Error::new(
                        ErrorKind::Cancelled,
                        "The process that wrote it ended early; no file was left behind.",
                    )));
                    inner.local.put_export(workspace.id, &job, kept.seen_at)?;
                }
                rows.push(job);
            }
            Ok(ExportList { rows })
        })
        .await
}

pub(crate) async fn export_cancel(steward: &Steward, request: ExportRef) -> Result<ExportList> {
    let is_there = steward.blocking(move |inner| inner.local.cancel_export(request.id)).await?;
    if !is_there {
        return Err(
            Error::new(ErrorKind::NotFound, "There is no export of this id.").with_field("id", "Unknown.")
        );
    }
    export_list(steward, ()).await
}
