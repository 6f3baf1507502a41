//! The attachments of a mail: listed, saved, opened.

mod name;
pub(super) mod place;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

use chapar_ipc_protocol::blob::BlobOpen;
use chapar_ipc_protocol::email::{BodyPart, EmailGet};
use chapar_ipc_protocol::id::EmailId;
use serde_json::{Value, json};

use self::place::Place;
use super::export::{CHUNK, broken};
use super::unknown;
use crate::args::{AttachmentsArgs, OpenArgs, SaveArgs};
use crate::commands::Context;
use crate::daemon::{fault_of, socket};
use crate::error::Fault;
use crate::render::progress::{PATIENCE, Progress, Step};
use crate::render::table::{Cell, Column, Table};
use crate::render::time::bytes;
use crate::screen::{Form, Line, Style};

/// How long a large mail may take to be fetched and taken apart, behind others that are taken apart
/// one at a time.
const LARGE: Duration = Duration::from_mins(5);
/// How long a file that was opened is kept: the program that shows it may be slow to read it.
const KEPT: Duration = Duration::from_hours(24);
/// A program that finds nothing to open a file with says so within this time.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);
/// Endings of what is handed to another program by itself: documents, pictures, sound, film. What a
/// desktop might run instead of showing it is not among them.
const SHOWN: [&str; 45] = [
    "pdf", "txt", "text", "md", "csv", "tsv", "log", "ics", "vcf", "eml", "png", "jpg", "jpeg",
    "gif", "webp", "bmp", "tif", "tiff", "heic", "heif", "avif", "doc", "docx", "odt", "rtf",
    "xls", "xlsx", "ods", "ppt", "pptx", "odp", "epub", "djvu", "mp3", "ogg", "oga", "opus",
    "flac", "wav", "m4a", "mp4", "m4v", "mkv", "webm", "mov",
];

/// The attachments of one mail, in the order of their numbers.
struct Attached {
    id: EmailId,
    parts: Vec<BodyPart>,
}

impl Attached {
    fn read(context: &Context<'_>, id: &str) -> Result<Self, Fault> {
        let mut daemon = context.open()?;
        let ask = EmailGet {
            ids: Some(vec![EmailId::from(id)]),
            properties: Some(vec!["attachments".to_owned()]),
            ..EmailGet::default()
        };
        let mut progress = Progress::waiting(context.screen, format!("Reading {id}"));
        let wait = context.global.timeout.unwrap_or(LARGE);
        let found = daemon.call_watched(&ask, wait, &mut progress)?.list;
        progress.clear();
        let email = found.into_iter().next().ok_or_else(|| unknown(id))?;
        Ok(Self { id: email.id, parts: email.attachments.unwrap_or_default() })
    }

    /// The one with this number, counted from 1.
    fn part(&self, number: usize) -> Result<&BodyPart, Fault> {
        number.checked_sub(1).and_then(|at| self.parts.get(at)).ok_or_else(|| {
            let message = match self.parts.len() {
                0 => format!("{} has no attachments", self.id),
                1 => format!("{} has one attachment, not number {number}", self.id),
                many => format!("{} has {many} attachments, not number {number}", self.id),
            };
            let fault = Fault::new("mail.no_attachment", message).without_commands();
            match self.parts.len() {
                0 => fault,
                _ => fault.try_command(["chapar", "mail", "attachments", &self.id.0]),
            }
        })
    }

    /// Those that were asked for; without numbers all that are not part of the text.
    fn chosen(&self, numbers: &[usize]) -> Result<Vec<usize>, Fault> {
        if !numbers.is_empty() {
            let each = numbers.iter().map(|number| self.part(*number).map(|_| *number));
            return each.collect();
        }
        let all = 1..=self.parts.len();
        let attached: Vec<usize> = all
            .clone()
            .filter(|number| !self.parts.get(number - 1).is_some_and(is_inline))
            .collect();
        if self.parts.is_empty() {
            return self.part(1).map(|_| Vec::new());
        }
        Ok(if attached.is_empty() { all.collect() } else { attached })
    }
}

fn is_inline(part: &BodyPart) -> bool {
    part.disposition.as_deref() == Some("inline")
}

/// Lists them.
pub(super) fn list(context: &Context<'_>, args: &AttachmentsArgs) -> Result<(), Fault> {
    let screen = context.screen;
    let attached = Attached::read(context, &args.id)?;
    let numbered = attached.parts.iter().zip(1..);
    match screen.form {
        Form::Json => {
            let members = json!({"id": attached.id, "attachments": attached.parts});
            screen.object("mail.attachments", members)
        }
        Form::Plain => {
            let mut numbered = numbered;
            numbered.try_for_each(|(part, number): (&BodyPart, usize)| {
                screen.fields([
                    number.to_string().as_str(),
                    part.name.as_deref().unwrap_or(""),
                    &part.r#type,
                    &part.size.to_string(),
                    part.disposition.as_deref().unwrap_or("attachment"),
                ])
            })
        }
        Form::Human if attached.parts.is_empty() => {
            screen.answer(&Line::of(format!("{} has no attachments.", attached.id)))
        }
        Form::Human => {
            let mut table = Table::new(&[
                Column::right("N"),
                Column::wide("NAME").least(12),
                Column::wide("TYPE").goes(2),
                Column::right("SIZE"),
                Column::left("").goes(1),
            ]);
            for (part, number) in numbered {
                table.row([
                    Cell::styled(Style::Dim, number.to_string()),
                    part.name.as_deref().unwrap_or("(no name)").into(),
                    Cell::styled(Style::Dim, &part.r#type),
                    bytes(part.size).into(),
                    Cell::styled(Style::Dim, if is_inline(part) { "in the text" } else { "" }),
                ]);
            }
            screen.answers(&table.all(screen.width))?;
            let save = format!("To save them:  chapar mail save {}", attached.id);
            screen.say(&Line::new().with(Style::Dim, save));
            Ok(())
        }
    }
}

/// Saves them into a directory.
pub(super) fn save(context: &Context<'_>, args: &SaveArgs) -> Result<(), Fault> {
    let screen = context.screen;
    let place = Place::open(&args.directory)?;
    let attached = Attached::read(context, &args.id)?;
    let mut files = Vec::new();
    for number in attached.chosen(&args.numbers)? {
        let part = attached.part(number)?;
        let path = copy(context, part, number, &place)?;
        match screen.form {
            Form::Json => files.push(saved(part, number, &path)),
            Form::Plain => {
                screen.fields([number.to_string().as_str(), &path.display().to_string()])?;
            }
            Form::Human => screen.answer(&saved_line(part, &path))?,
        }
    }
    if screen.form == Form::Json {
        return screen.object("mail.save", json!({"id": attached.id, "files": files}));
    }
    Ok(())
}

fn saved(part: &BodyPart, number: usize, path: &Path) -> Value {
    json!({
        "number": number, "file": path, "name": part.name, "type": part.r#type, "size": part.size,
    })
}

/// Where it is, and what its sender called it when that is another name.
fn saved_line(part: &BodyPart, path: &Path) -> Line {
    let line = Line::new()
        .with(Style::Good, "✓")
        .text(format!(" {}  ", path.display()))
        .with(Style::Dim, bytes(part.size));
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
    match &part.name {
        Some(name) if file.as_ref() != Some(name) => {
            line.with(Style::Dim, format!("  its sender calls it “{name}”"))
        }
        _ => line,
    }
}

/// Copies the bytes of a part into a new file of `place`.
fn copy(
    context: &Context<'_>,
    part: &BodyPart,
    number: usize,
    place: &Place,
) -> Result<PathBuf, Fault> {
    let blob_id = part.blob_id.clone().ok_or_else(|| {
        let message = "the mail is too large for its attachments to be taken out of it";
        Fault::new("mail.no_attachment", message)
            .without_commands()
            .hint("take all of it, and its attachments by a mail program: chapar mail export")
    })?;
    let open = BlobOpen { blob_id, offset: None };
    let limit = context.global.timeout.unwrap_or(LARGE);
    let client = context.open()?.into_patient_client(limit)?;
    let mut reader = client.open_blob(&open).map_err(fault_of)?;
    let mut made = place.make(&name::safe(part.name.as_deref(), number, &part.r#type))?;
    let mut progress = Progress::new(context.screen);
    let mut chunk = vec![0; CHUNK];
    let mut done = 0;
    loop {
        let read = reader.read(&mut chunk).map_err(|cause| broken(&cause))?;
        if read == 0 {
            break;
        }
        made.write(chunk.get(..read).unwrap_or_default())?;
        done += read as u64;
        if progress.took() >= PATIENCE {
            let total = reader.size();
            let place = Some(made.name.clone());
            progress.show(Step { done, total, place, bytes: Some(done), ..Step::default() });
        }
    }
    progress.clear();
    made.finish()
}

/// Opens one with the program that the desktop has for it.
pub(super) fn open(context: &Context<'_>, args: &OpenArgs) -> Result<(), Fault> {
    let screen = context.screen;
    let attached = Attached::read(context, &args.id)?;
    let number = match (args.number, attached.chosen(&[])?.as_slice()) {
        (Some(number), _) => number,
        (None, &[only]) => only,
        (None, many) => {
            let message = format!("{} has {} attachments", attached.id, many.len());
            return Err(Fault::new("cli.usage", message)
                .without_commands()
                .hint(format!("say which: chapar mail open {} N", attached.id))
                .try_command(["chapar", "mail", "attachments", &attached.id.0]));
        }
    };
    let part = attached.part(number)?;
    let file = name::safe(part.name.as_deref(), number, &part.r#type);
    if !SHOWN.contains(&name::ending(&file).as_str()) {
        let message = format!("{file:?} is not opened: a desktop may run files of its kind");
        return Err(Fault::new("mail.not_opened", message).without_commands().try_command([
            "chapar",
            "mail",
            "save",
            &attached.id.0,
            &number.to_string(),
        ]));
    }
    let directory = opened_directory(context)?;
    let path = copy(context, part, number, &Place::open(&directory)?)?;
    start(&path)?;
    match screen.form {
        Form::Json => {
            let members = json!({"id": attached.id, "opened": saved(part, number, &path)});
            screen.object("mail.open", members)
        }
        Form::Plain => screen.fields([number.to_string().as_str(), &path.display().to_string()]),
        Form::Human => {
            screen.answer(&saved_line(part, &path))?;
            screen.say(&Line::new().with(Style::Dim, "This copy is deleted after a day."));
            Ok(())
        }
    }
}

/// Where what was opened lies: beside the socket, for its owner alone. What was opened a day ago
/// goes.
pub(super) fn opened_directory(context: &Context<'_>) -> Result<PathBuf, Fault> {
    let path = opened_path(context)?;
    let made = fs::DirBuilder::new().mode(0o700).create(&path);
    if let Err(cause) = made.as_ref()
        && cause.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(Fault::unwritable(&path, cause));
    }
    let found = fs::symlink_metadata(&path).map_err(|cause| Fault::unwritable(&path, &cause))?;
    let own = found.uid() == rustix::process::geteuid().as_raw();
    if !found.is_dir() || !own || found.mode() & 0o077 != 0 {
        let cause = std::io::Error::other("it is not a directory for its owner alone");
        return Err(Fault::unwritable(&path, &cause));
    }
    let now = SystemTime::now();
    for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
        let at = entry.metadata().and_then(|found| found.modified());
        let age = at.ok().and_then(|at| now.duration_since(at).ok());
        if age.is_some_and(|age| age >= KEPT) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(path)
}

/// The directory of opened attachments, whether it is there or not.
fn opened_path(context: &Context<'_>) -> Result<PathBuf, Fault> {
    Ok(socket(context.global)?.with_file_name("opened"))
}

/// Forgets every attachment that was opened.
pub(crate) fn forget_opened(context: &Context<'_>) {
    if let Ok(path) = opened_path(context) {
        let _ = fs::remove_dir_all(path);
    }
}

fn start(path: &Path) -> Result<(), Fault> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(program)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let why = match started.and_then(failed_at_once) {
        Ok(None) => return Ok(()),
        Ok(Some(status)) => format!("{program} ended with {status}"),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            format!("{program} is not installed")
        }
        Err(cause) => format!("{program}: {cause}"),
    };
    let _ = fs::remove_file(path);
    Err(Fault::new("cli.no_program", "no program was found that opens it")
        .because(why)
        .without_commands()
        .hint("save it and open it yourself: chapar mail save ID N"))
}

/// What a program ended with that could not show anything. One that runs on does.
fn failed_at_once(mut child: Child) -> std::io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    while began.elapsed() < AT_ONCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status).filter(|status| !status.success()));
        }
        std::thread::sleep(LOOK);
    }
    Ok(None)
}
