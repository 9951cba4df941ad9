//! What typst sees: the template, our two fonts, the document as data. Everything else is refused.

use std::sync::OnceLock;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use steward_core::{Error, Result};
use typst::diag::{FileError, FileResult, SourceDiagnostic, Warned};
use typst::foundations::{Bytes, Datetime, Dict, Duration, IntoValue as _, Smart};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

use super::{Document, inks};
use crate::canvas::{REGULAR, SEMIBOLD};

/// The fonts and the template, read once.
struct Press {
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
}

fn press() -> &'static Press {
    static PRESS: OnceLock<Press> = OnceLock::new();
    PRESS.get_or_init(|| {
        let fonts: Vec<Font> =
            [REGULAR, SEMIBOLD].into_iter().filter_map(|data| Font::new(Bytes::new(data), 0)).collect();
        Press {
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            template: Source::detached(include_str!("template.typ")),
        }
    })
}

struct Sheet {
    library: LazyHash<Library>,
}

impl World for Sheet {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &press().book
    }

    fn main(&self) -> FileId {
        press().template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == press().template.id() { Ok(press().template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        press().fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// Sets a document; the bytes, and how many pages they are.
pub(super) fn set(document: &Document) -> Result<(Vec<u8>, u64)> {
    let data = serde_json::to_vec(document)
        .map_err(|cause| Error::internal("A report has no JSON form.").with_source(cause))?;
    let mut inputs = Dict::new();
    inputs.insert("document".into(), Bytes::new(data).into_value());
    let charts = document.charts.iter().map(|svg| Bytes::from_string(svg.clone()).into_value());
    inputs.insert("charts".into(), charts.collect::<typst::foundations::Array>().into_value());
    let mut colors = Dict::new();
    for (name, color) in inks() {
        colors.insert(name.into(), color.into_value());
    }
    inputs.insert("inks".into(), colors.into_value());
    let sheet = Sheet { library: LazyHash::new(Library::builder().with_inputs(inputs).build()) };
    let Warned { output, .. } = typst::compile::<PagedDocument>(&sheet);
    let paged = output.map_err(|causes| failed(&causes))?;
    let options = PdfOptions {
        // Of its title and hour, not of the computer it was made on: the same copy gives the same bytes.
        ident: Smart::Custom(format!("{} {} {:?}", document.workspace, document.title, document.as_of)),
        creator: Smart::Custom(Some(concat!("Steward ", env!("CARGO_PKG_VERSION")).to_owned())),
        timestamp: document.as_of.and_then(timestamp),
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&paged, &options).map_err(|causes| failed(&causes))?;
    let pages = paged.pages().len() as u64;
    // What typst remembers between documents would only take memory: the next one has other numbers.
    typst::comemo::evict(0);
    Ok((bytes, pages))
}

fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    let part = |value: u32| u8::try_from(value).ok();
    let datetime = Datetime::from_ymd_hms(
        at.year(),
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
    )?;
    Some(Timestamp::new_utc(datetime))
}

fn failed(causes: &[SourceDiagnostic]) -> Error {
    let words: Vec<&str> = causes.iter().map(|cause| cause.message.as_str()).collect();
    Error::internal("The document could not be set.").with_detail(words.join("; "))
}
