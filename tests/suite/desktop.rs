//! The real window: WebKitGTK on a screen of its own, driven through WebKitWebDriver.

mod demo;
mod sample;
mod start;
