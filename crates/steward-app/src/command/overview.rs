//! `overview_show`, `overview_picture`.

use serde::{Deserialize, Serialize};
use steward_core::overview::{Overview, OverviewReq};
use steward_core::{Error, ErrorKind, Result};
use steward_report::Appearance;
use steward_store::cache::query;
use ts_rs::TS;

use crate::context::Steward;

/// The overview as a picture in a file.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OverviewPictureReq {
    /// Which overview.
    pub overview: OverviewReq,
    /// The file to write, PNG; one that is there is replaced.
    pub path: String,
    /// Whether it is drawn in dark colours.
    #[serde(default)]
    pub is_dark: bool,
}

/// A file that was written.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WrittenFile {
    /// Where it lies.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
}

pub(crate) async fn overview_show(steward: &Steward, request: OverviewReq) -> Result<Overview> {
    steward.cache().await?.read(move |reader| query::overview::show(reader, &request)).await
}

pub(crate) async fn overview_picture(steward: &Steward, request: OverviewPictureReq) -> Result<WrittenFile> {
    if request.path.trim().is_empty() {
        return Err(Error::invalid("path", "Say which file to write."));
    }
    let workspace = steward.current().await?;
    let overview = overview_show(steward, request.overview).await?;
    let appearance = if request.is_dark { Appearance::Dark } else { Appearance::Light };
    let path = request.path;
    steward
        .blocking(move |_| {
            // Twice the page's pixels: sharp on a screen of today and on paper.
            let png = steward_report::overview::png(&overview, &workspace.name, appearance, 2.0)?;
            std::fs::write(&path, &png).map_err(|cause| {
                Error::new(ErrorKind::File, "The picture could not be written.")
                    .with_detail(path.clone())
                    .with_source(cause)
            })?;
            Ok(WrittenFile { path, bytes: png.len() as u64 })
        })
        .await
}
