//! The real window: WebKitGTK on a screen of its own, driven through WebKitWebDriver.

mod connect;
mod demo;
mod disk;
mod finance;
mod journeys;
mod pictures;
mod sample;
mod start;
