//! The real window: WebKitGTK on a screen of its own, driven through WebKitWebDriver.

mod sample;
mod start;
