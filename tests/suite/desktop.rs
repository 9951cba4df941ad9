//! The real window: WebKitGTK on a screen of its own, driven through WebKitWebDriver.

mod demo;
mod pictures;
mod sample;
mod start;
