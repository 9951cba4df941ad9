//! Generated from design/tokens.json by `npm run tokens`. Do not edit.

use anstyle::RgbColor;

/// `dark.accent` of the design.
pub(crate) const ACCENT: RgbColor = RgbColor(0x3A, 0x6A, 0xE8);
/// `light.success` of the design.
pub(crate) const SUCCESS: RgbColor = RgbColor(0x0B, 0x6B, 0x43);
/// `light.env-staging` of the design.
pub(crate) const WARNING: RgbColor = RgbColor(0x8A, 0x53, 0x00);
/// `dark.danger-fill` of the design.
pub(crate) const DANGER: RgbColor = RgbColor(0xC9, 0x3B, 0x36);
