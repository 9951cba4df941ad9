//! Builds the Tauri context from `tauri.conf.json`.

use std::path::Path;

/// Stands where the interface's build goes, so that a clean checkout compiles without Node.
const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Steward</title></head>
  <body>
    <h1>The interface is not built yet</h1>
    <p>Run <code>npm ci</code> and <code>npm run build</code> in <code>ui/</code>, then build again.</p>
  </body>
</html>
"#;

fn main() {
    let page = Path::new("ui/dist/index.html");
    if !page.exists() {
        let folder = page.parent().expect("the path names a folder");
        std::fs::create_dir_all(folder).expect("ui/dist can be made");
        std::fs::write(page, PLACEHOLDER).expect("ui/dist can be written");
    }
    // The interface is embedded: a new build of it must reach the executable.
    println!("cargo:rerun-if-changed=ui/dist/index.html");

    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(
            tauri_build::AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*"),
        );
    tauri_build::try_build(attributes).expect("tauri.conf.json and the capabilities are valid");
    // WebKit's libraries must not bind to the cache's `sqlite3_*` symbols.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,--exclude-libs,ALL");
    }
}
