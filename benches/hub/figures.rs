//! The figures as Markdown.
use crate::{Asked, Done, stats};
use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;

/// One section at work.
pub type Section = Pin<Box<dyn Future<Output = Done<Figures>>>>;

/// What was measured so far.
pub struct Figures(String);

impl Figures {
    pub fn begin(asked: &Asked) -> Self {
        let build = env!("CARGO_PKG_VERSION");
        let length = if asked.quick { "Short runs: not for comparing. " } else { "" };
        let text = format!(
            "Crisis Hub {build}, release build. {length}Median of {} runs of {} s each (lowest to highest). Hub, databases and \
             client share one machine: {}.\n",
            asked.runs(),
            asked.seconds(),
            stats::machine(),
        );
        eprintln!("{text}");
        Self(text)
    }

    /// Begins a table.
    pub fn table(&mut self, title: &str, columns: &[&str]) {
        let line = columns.iter().map(|_| "---").collect::<Vec<_>>().join(" | ");
        self.line(&format!("\n**{title}**\n\n| {} |\n| {line} |", columns.join(" | ")));
    }

    /// Adds a row, and shows it at once.
    pub fn row(&mut self, cells: &[String]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    /// Adds a sentence.
    pub fn note(&mut self, text: &str) {
        self.line(&format!("\n{text}"));
    }

    fn line(&mut self, text: &str) {
        eprintln!("{text}");
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{text}");
    }

    /// Prints everything, and keeps it beside the build.
    pub fn end(self) -> Done {
        println!("{}", self.0);
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("figures.md"), self.0)?;
        Ok(())
    }
}
