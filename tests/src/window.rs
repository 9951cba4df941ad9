//! The real window on a screen, a bus and a home of its own, driven as a person would drive it.
//!
//! Xvfb and the bus choose their own free places, so any number of windows run side by side. Everything
//! started here ends when its owner is dropped.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, ImageFormat, Rectangle,
};
use x11rb::rust_connection::RustConnection;

use crate::file_system::FileSystem;
use crate::server::open_folder;

/// How long anything may take before a test gives up on it.
pub const LIMIT: Duration = Duration::from_secs(60);

/// How often the screen is looked at for its first words.
const GLANCE: Duration = Duration::from_millis(4);

/// Letters have smooth edges: this many colours are in a word, but not in a ground, a frame or a caret.
const SHADES_OF_WORDS: usize = 8;

/// How often a condition is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Script: whether the overview shows the numbers of a read copy, and every panel its content.
pub const FILLED: &str = "const panels = [...document.querySelectorAll('main section.panel')];\
    const isFilled = (panel) => !panel.querySelector('[aria-busy=true], [role=alert]') && \
      panel.querySelector('table, svg, li, dl, .state');\
    return panels.length > 5 && panels.every(isFilled) && !!document.querySelector('.kpi .v');";

/// A process that ends with its owner.
#[derive(Debug)]
pub struct Running(Child);

impl From<Child> for Running {
    fn from(child: Child) -> Self {
        Self(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen nobody sees and a session bus nobody else speaks on.
#[derive(Debug)]
pub struct Desk {
    display: String,
    bus: String,
    _processes: [Running; 2],
}

impl Desk {
    /// Starts both.
    pub fn new() -> Result<Self> {
        Self::with_screen(1440, 900)
    }

    /// Starts both, with a screen of this many pixels.
    pub fn with_screen(width: u16, height: u16) -> Result<Self> {
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"]);
        let (screen, display) = announced(&mut xvfb).context("Xvfb (Debian package xvfb)")?;
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address=1"]);
        let (daemon, bus) = announced(&mut daemon).context("dbus-daemon (Debian package dbus-daemon)")?;
        Ok(Self { display: format!(":{display}"), bus, _processes: [screen, daemon] })
    }

    /// Gives a process this screen, this bus and this home.
    pub fn prepare(&self, command: &mut Command, home: &Home) {
        home.prepare(command);
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env_remove("WAYLAND_DISPLAY")
            .env("LANG", "C.UTF-8")
            .env("NO_AT_BRIDGE", "1");
    }

    /// Starts a keyring service on this bus and lets the home use it, as a person's own does.
    pub fn with_keyring(&self, home: Home) -> Result<(Home, Running)> {
        let mut command = Command::new("gnome-keyring-daemon");
        self.prepare(&mut command, &home);
        command.args(["--unlock", "--components=secrets", "--foreground"]);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = started.context("gnome-keyring-daemon (Debian package gnome-keyring)")?;
        child.stdin.take().context("its input is piped")?.write_all(b"the keyring's password")?;
        Ok((Home { keyring_bus: Some(self.bus.clone()), ..home }, Running(child)))
    }

    /// Says to the window on this screen what the button in its frame says; the driver would end the program instead.
    pub async fn ask_to_close(&self) -> Result<()> {
        let (connection, screen) = x11rb::connect(Some(&self.display))?;
        let window = until("Steward's window", async || stewards_window(&connection, screen).ok()).await?;
        let atom = |name: &str| anyhow::Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom);
        let (protocols, delete) = (atom("WM_PROTOCOLS")?, atom("WM_DELETE_WINDOW")?);
        let message = ClientMessageEvent::new(32, window, protocols, [delete, CURRENT_TIME, 0, 0, 0]);
        Ok(connection.send_event(false, window, EventMask::NO_EVENT, message)?.check()?)
    }

    /// Makes the window as large as this screen.
    pub async fn fill_screen(&self) -> Result<()> {
        let (connection, screen) = x11rb::connect(Some(&self.display))?;
        let window = until("Steward's window", async || stewards_window(&connection, screen).ok()).await?;
        let root = &connection.setup().roots[screen];
        let whole = ConfigureWindowAux::new()
            .x(0)
            .y(0)
            .width(u32::from(root.width_in_pixels))
            .height(u32::from(root.height_in_pixels));
        Ok(connection.configure_window(window, &whole)?.check()?)
    }

    /// Waits until this part of the screen shows words, not just a ground. Answers when it was seen, at most
    /// [`GLANCE`] after it was so.
    pub async fn shows_words(&self, part: Rectangle) -> Result<Instant> {
        let (connection, screen) = x11rb::connect(Some(&self.display))?;
        let root = connection.setup().roots[screen].root;
        let began = Instant::now();
        let mut ticks = tokio::time::interval(GLANCE);
        while began.elapsed() < LIMIT {
            ticks.tick().await;
            let Rectangle { x, y, width, height } = part;
            let image =
                connection.get_image(ImageFormat::Z_PIXMAP, root, x, y, width, height, !0)?.reply()?;
            let seen = Instant::now();
            let (pixels, _) = image.data.as_chunks::<4>();
            if pixels.iter().collect::<HashSet<_>>().len() >= SHADES_OF_WORDS {
                return Ok(seen);
            }
        }
        bail!("the screen shows no words after {} s", LIMIT.as_secs())
    }

    /// Keeps a picture of the screen: what a person sees, in the folder that `STEWARD_PICTURES` names, else
    /// under `target/desktop/`. The driver's own pictures
    /// never arrive while WebKit draws without shared graphics buffers.
    pub fn picture(&self, name: &str) -> Result<PathBuf> {
        let folder = match std::env::var_os("STEWARD_PICTURES") {
            Some(folder) => PathBuf::from(folder),
            None => target_folder()?.join("desktop"),
        };
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        let status = Command::new("import")
            .args(["-window", "root"])
            .arg(&path)
            .env("DISPLAY", &self.display)
            .status()
            .context("import (Debian package imagemagick)")?;
        ensure!(status.success(), "the screen could not be pictured");
        Ok(path)
    }
}

/// A folder of data with a passphrase file instead of a keyring.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
    file_system: Option<FileSystem>,
    /// The bus of the keyring that is used instead of the passphrase file.
    keyring_bus: Option<String>,
}

impl Home {
    /// An empty one.
    pub fn new() -> Result<Self> {
        let folder = open_folder();
        std::fs::create_dir(folder.path().join("home"))?;
        std::fs::write(folder.path().join("passphrase"), "a passphrase of a test")?;
        Ok(Self { folder, file_system: None, keyring_bus: None })
    }

    /// The same on a file system of its own, which only windows see.
    #[must_use]
    pub fn on(self, file_system: FileSystem) -> Self {
        Self { file_system: Some(file_system), ..self }
    }

    /// Steward's own folder.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The file of the passphrase that protects its secrets.
    #[must_use]
    pub fn passphrase(&self) -> PathBuf {
        self.folder.path().join("passphrase")
    }

    /// Gives a process this home.
    pub fn prepare(&self, command: &mut Command) {
        match &self.keyring_bus {
            Some(bus) => command.env("DBUS_SESSION_BUS_ADDRESS", bus).env_remove("STEWARD_PASSPHRASE_FILE"),
            None => command.env("STEWARD_PASSPHRASE_FILE", self.folder.path().join("passphrase")),
        };
        command
            .env("STEWARD_HOME", self.path())
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"));
    }

    /// The data folder of the sample company's private server while that runs.
    #[must_use]
    pub fn sample_server(&self) -> Option<PathBuf> {
        std::fs::read_dir(self.path().join("sample-server")).ok()?.flatten().find_map(|version| {
            let data = version.path().join("data");
            let process = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
            Path::new("/proc").join(process.lines().next()?).exists().then_some(data)
        })
    }

    /// Runs the command line tool on this home.
    pub fn steward(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(program("STEWARD_BIN", "steward")?);
        self.prepare(&mut command);
        command.args(arguments).output().context("steward does not start")
    }

    /// Runs the command line tool with `--json` and reads its `data`.
    pub fn steward_json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.steward(&[arguments, &["--json"]].concat())?;
        ensure!(
            output.status.success(),
            "steward {} failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        let envelope: Value = serde_json::from_slice(&output.stdout)?;
        Ok(envelope["data"].clone())
    }
}

/// A window under a driver.
#[derive(Debug)]
pub struct Window {
    /// The page inside.
    pub page: Client,
    _driver: Running,
}

impl Window {
    /// Opens the desktop program with these arguments.
    pub async fn open(desk: &Desk, home: &Home, arguments: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let mut driver = match home.file_system {
            Some(file_system) => file_system.command(&home.path(), "WebKitWebDriver"),
            None => Command::new("WebKitWebDriver"),
        };
        driver.arg(format!("--port={port}")).arg("--host=127.0.0.1");
        desk.prepare(&mut driver, home);
        driver.env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = Running(
            driver.spawn().context("WebKitWebDriver (Debian package webkit2gtk-driver) does not start")?,
        );
        until("the driver listens", async || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(())
        })
        .await?;
        let options = json!({ "binary": desktop_program()?, "args": arguments });
        let mut wanted = serde_json::Map::new();
        wanted.insert("webkitgtk:browserOptions".to_owned(), options);
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("the window does not open")?;
        Ok(Self { page, _driver: driver })
    }

    /// The answer of a piece of script.
    pub async fn script(&self, body: &str) -> Result<Value> {
        Ok(self.page.execute(body, Vec::new()).await?)
    }

    /// Waits until a piece of script answers something that is neither null nor false.
    pub async fn wait_for(&self, what: &str, body: &str) -> Result<Value> {
        until(what, async || {
            let answer = self.script(body).await.ok()?;
            (!answer.is_null() && answer != Value::Bool(false)).then_some(answer)
        })
        .await
    }

    /// Closes the window and waits until the program has ended.
    pub async fn close(self) -> Result<()> {
        Ok(self.page.close().await?)
    }
}

/// The top window of this screen that is Steward's. No window manager runs here, so it lies on the root.
fn stewards_window(connection: &RustConnection, screen: usize) -> Result<u32> {
    let protocols = connection.intern_atom(false, b"WM_PROTOCOLS")?.reply()?.atom;
    let text = |window, property: u32| {
        let found = connection.get_property(false, window, property, AtomEnum::ANY, 0, 256)?.reply()?;
        anyhow::Ok(String::from_utf8_lossy(&found.value).into_owned())
    };
    for window in connection.query_tree(connection.setup().roots[screen].root)?.reply()?.children {
        // GTK keeps helpers of the same name; only what a person may close speaks of protocols.
        if text(window, AtomEnum::WM_NAME.into())?.contains("Steward") && !text(window, protocols)?.is_empty()
        {
            return Ok(window);
        }
    }
    bail!("no window of Steward is on this screen")
}

/// Waits until `look` finds something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> Result<T> {
    let started = Instant::now();
    let mut ticks = tokio::time::interval(LOOK_AGAIN);
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        if started.elapsed() > LIMIT {
            bail!("waited {} s in vain: {what}", LIMIT.as_secs());
        }
        ticks.tick().await;
    }
}

/// The desktop program under test.
pub fn desktop_program() -> Result<PathBuf> {
    program("STEWARD_DESKTOP_BIN", "steward-desktop").context(
        "The window's program is missing: run `cargo build -p steward-desktop --features custom-protocol`, \
         or name it in STEWARD_DESKTOP_BIN",
    )
}

fn program(variable: &str, name: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    // Beside this program, or one folder above a test's: never a program of another profile.
    let own = std::env::current_exe()?;
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not beside {}", own.display()))
}

/// The build folder this test lies in.
pub fn target_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(folder.context("tests lie in a build folder")?.to_owned())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Starts a program whose first line tells where it can be reached.
pub fn announced(command: &mut Command) -> Result<(Running, String)> {
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
    let output = running.0.stdout.take().context("its output is piped")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    ensure!(!line.trim().is_empty(), "it ended before it said where it is");
    Ok((running, line.trim().to_owned()))
}
