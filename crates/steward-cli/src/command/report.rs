//! `report …`: a document and a workbook of the same copy, or what they hold.

use std::path::Path;

use steward_app::Mode;
use steward_app::table::row;
use steward_core::export::{ExportFormat, ExportJob, ExportReq, ExportSource, ExportStyle};
use steward_core::freshness::Freshness;
use steward_core::overview::OverviewReq;
use steward_core::report::{ReportCloseReq, ReportReq, ReportRevenueReq};
use steward_core::{Error, Result};

use crate::args::{BookArgs, ReportCommand};
use crate::client::{Answer, Client};
use crate::render;

pub(crate) async fn run(client: &Client, command: ReportCommand) -> Result<Answer> {
    client.ensure_fresh().await?;
    let zone = client.zone().await?;
    match command {
        ReportCommand::Revenue { month, profile, files } => {
            let mut request = ReportRevenueReq { month, zone, profile };
            let report = client.ask::<row::report_revenue>(request.clone()).await?;
            let Some(files) = Files::of(&files) else {
                let text = match report.currencies.as_slice() {
                    [] => "Nobody ever paid.".to_owned(),
                    all => all.iter().map(render::revenue::revenue).collect::<Vec<_>>().join("\n"),
                };
                return Ok(Answer::new(&report, text)?.fresh(&report.freshness));
            };
            // The file's name says which month it was.
            request.month = Some(report.month);
            files.write(client, ReportReq::Revenue(request), &report.freshness).await
        }
        ReportCommand::Close { month, files } => {
            let request = ReportCloseReq { month };
            let report = client.ask::<row::report_close>(request.clone()).await?;
            let Some(files) = Files::of(&files) else {
                let mut text = render::revenue::closed_month(&report.closed, zone);
                let said = report.closed.kept.is_none();
                if let Some(reason) = report.reason.as_ref().filter(|_| said) {
                    text = format!("{text}\nreason: {reason}");
                }
                return Ok(Answer::new(&report, text)?.fresh(&report.freshness));
            };
            files.write(client, ReportReq::Close(request), &report.freshness).await
        }
        ReportCommand::Overview { compare, pdf, force } => {
            let compare = match compare {
                Some(compare) => compare.into(),
                None => client.settings().await?.compare,
            };
            let request = OverviewReq { range: client.range().await?, zone, compare };
            let overview = client.ask::<row::report_overview>(request.clone()).await?;
            let files = BookArgs { pdf, xlsx: None, force };
            let Some(files) = Files::of(&files) else {
                let text = render::overview::overview(&overview);
                return Ok(Answer::new(&overview, text)?.fresh(&overview.freshness));
            };
            files.write(client, ReportReq::Overview(request), &overview.freshness).await
        }
    }
}

/// The files that are wanted.
struct Files<'a> {
    wanted: Vec<(ExportFormat, &'a Path)>,
    is_replacing: bool,
}

impl<'a> Files<'a> {
    /// None where none is wanted: the contents are printed then.
    fn of(files: &'a BookArgs) -> Option<Self> {
        let pdf = files.pdf.as_deref().map(|path| (ExportFormat::Pdf, path));
        let xlsx = files.xlsx.as_deref().map(|path| (ExportFormat::Xlsx, path));
        let wanted: Vec<_> = pdf.into_iter().chain(xlsx).collect();
        (!wanted.is_empty()).then_some(Self { wanted, is_replacing: files.force })
    }

    async fn write(&self, client: &Client, request: ReportReq, freshness: &Freshness) -> Result<Answer> {
        let mut jobs: Vec<ExportJob> = Vec::new();
        for (format, path) in &self.wanted {
            let path = std::path::absolute(path)
                .map_err(|cause| Error::invalid("path", "Say which file to write.").with_source(cause))?;
            let asked = ExportReq {
                source: ExportSource::Report { request: request.clone() },
                format: *format,
                style: ExportStyle::Formatted,
                has_bom: false,
                zone: client.zone().await?,
                path: path.to_string_lossy().into_owned(),
                is_replacing: self.is_replacing,
            };
            if client.global.dry_run {
                client.note(&format!("would write {}", asked.path));
                continue;
            }
            jobs.push(client.call::<row::export_run>(asked, Mode::Run).await?);
        }
        if jobs.iter().any(|job| !job.is_logged) {
            client.note("the audit log is told of it at the next connection");
        }
        let text = jobs.iter().map(render::export::report_done).collect::<Vec<_>>().join("\n");
        Ok(Answer::new(&jobs, text)?.fresh(freshness))
    }
}
