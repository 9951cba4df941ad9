//! `view_list`, `view_save`, `view_remove`: views somebody keeps, on this computer and for one workspace.

use steward_core::usage::{SavedView, SavedViewList, SavedViewRef};
use steward_core::{Error, ErrorKind, Result};

use crate::context::Steward;

/// The longest name of a view, in characters.
const NAME_LENGTH: usize = 80;

/// The largest address that is kept, in bytes.
const SEARCH_BYTES: usize = 16_384;

pub(crate) async fn view_list(steward: &Steward, (): ()) -> Result<SavedViewList> {
    let id = steward.current().await?.id;
    steward.blocking(move |inner| Ok(SavedViewList { views: inner.local.views(id)? })).await
}

pub(crate) async fn view_save(steward: &Steward, view: SavedView) -> Result<SavedViewList> {
    let name = view.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_LENGTH {
        return Err(Error::invalid("name", "A view's name has 1 to 80 characters."));
    }
    if !view.path.starts_with('/') {
        return Err(Error::invalid("path", "A view's path begins with a slash."));
    }
    if !view.search.is_object() || view.search.to_string().len() > SEARCH_BYTES {
        return Err(Error::invalid("search", "What a view shows is an object of at most 16 KiB."));
    }
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            inner.local.put_view(id, &SavedView { name, ..view })?;
            Ok(SavedViewList { views: inner.local.views(id)? })
        })
        .await
}

pub(crate) async fn view_remove(steward: &Steward, view: SavedViewRef) -> Result<SavedViewList> {
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            if !inner.local.remove_view(id, view.name.trim())? {
                return Err(Error::new(ErrorKind::NotFound, "No view of this workspace has this name.")
                    .with_field("name", "Unknown."));
            }
            Ok(SavedViewList { views: inner.local.views(id)? })
        })
        .await
}
