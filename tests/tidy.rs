//! The house keeps its order: who imports whom, how long a file and a function are, what may not be written at all.
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use syn::visit::Visit;

/// Most lines of a file, and of a function.
const FILE_LINES_MAX: usize = 450;
const FUNCTION_LINES_MAX: usize = 75;

/// Which rooms, or which parts of them, a room may use beside itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("policy", &["domain"]),
    ("clock", &["domain"]),
    ("store", &["domain", "policy", "clock"]),
    ("bus", &["domain", "policy", "store"]),
    ("board", &["domain", "policy", "store", "bus::feed"]),
    ("app", &["domain", "policy", "store", "board", "clock"]),
    ("messenger", &["app::call", "config::Calls", "domain"]),
    ("login", &["domain", "clock"]),
    (
        "graphql",
        &[
            "app",
            "bus::feed",
            "domain",
            "policy",
            "config::Socket",
            // What the board and the store hand out through verbs.
            "board::Coming",
            "board::Found",
            "board::Matched",
            "board::Names",
            "board::Past",
            "board::Rank",
            "board::Respond",
            "board::Seek",
            "board::Snapshot",
            "store::AuditLine",
            "store::Error",
            "store::Kept",
            "store::KeptBy",
            "store::Keyed",
        ],
    ),
    ("exchange", &["app", "domain"]),
    // Whole imports into a real file: a test that opens its own store.
    ("exchange::applied", &["app", "domain", "clock", "store"]),
    (
        "demo",
        &["app", "exchange", "login", "clock", "domain", "board::Names", "config", "node", "store", "policy", "http"],
    ),
    // The history, played and folded: a test that opens its own store.
    ("demo::alive", &["demo", "app", "board", "clock", "config", "domain", "policy", "store"]),
    // The doors.
    (
        "config",
        &[
            "domain::hold",
            "domain::jurisdiction",
            "domain::need",
            "domain::push",
            "domain::retention",
            "domain::service",
            "graphql::limits",
            "login",
            "store",
        ],
    ),
    ("http", &["app", "config", "domain", "graphql", "login", "policy"]),
    ("node", &["app", "bus", "clock", "config", "domain::time", "graphql", "http", "login", "messenger", "store"]),
];

/// Crates that one room, or a few files, have to themselves.
const ALONE: &[(&str, &[&str])] = &[
    ("sea_orm", &["store/"]),
    ("sea_orm_migration", &["store/meta.rs"]),
    ("entity", &["store/"]),
    ("migration", &["store/meta.rs"]),
    ("redis", &["bus/bell.rs", "node.rs"]),
    ("async_graphql", &["graphql/", "http/graphql.rs"]),
    ("async_graphql_value", &["graphql/"]),
    ("axum", &["graphql/", "http/", "node.rs", "commands/serve.rs", "login/tests/"]),
    ("jsonwebtoken", &["login/", "demo/", "messenger/"]),
    ("ece", &["messenger/"]),
    ("lettre", &["messenger/"]),
    ("reqwest", &["login/", "messenger/", "commands/log.rs"]),
    ("opentelemetry_sdk", &["commands/log.rs"]),
    ("opentelemetry_otlp", &["commands/log.rs"]),
    ("tokio_rustls", &["http/"]),
];

/// A path that leaves the room: `store::tx` from line 3.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    path: String,
    line: usize,
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn sources() -> BTreeMap<String, String> {
    let sources = sources_of("src");
    assert!(sources.len() > 80, "{} files", sources.len());
    sources
}

/// Every file of Rust below a folder, by its path from there.
fn sources_of(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    rust_files(&root).iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// How many modules deep a file is: `store/mod.rs` and `config.rs` are one deep.
fn depth(file: &str) -> usize {
    file.trim_end_matches("mod.rs").trim_end_matches(".rs").split('/').filter(|part| !part.is_empty()).count()
}

/// Every path of a file that begins at the crate's root, however it gets there, macros included.
fn imports(file: &str, text: &str) -> Vec<Import> {
    let mut found = Vec::new();
    walk(TokenStream::from_str(text).unwrap(), depth(file), &mut found);
    found
}

fn walk(tokens: TokenStream, depth: usize, found: &mut Vec<Import>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => {
                let inner = matches!(tokens.get(at.wrapping_sub(3)), Some(TokenTree::Ident(word)) if word == "mod");
                walk(group.stream(), depth + usize::from(inner), found);
            }
            TokenTree::Ident(word) if word == "crate" || word == "crisis_hub" || word == "super" => {
                let mut up = usize::from(word == "super");
                while word == "super"
                    && colons(&tokens, at)
                    && matches!(tokens.get(at + 2), Some(TokenTree::Ident(next)) if next == "super")
                {
                    (up, at) = (up + 1, at + 3);
                }
                if colons(&tokens, at) && (word != "super" || up >= depth) {
                    rooms(&tokens[at + 2..], "", found);
                }
            }
            _ => {}
        }
    }
}

fn colons(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    colon(tokens.get(at)) && colon(tokens.get(at + 1))
}

/// What follows the crate's root: a room and the name after it, or a group of them.
fn rooms(tokens: &[TokenTree], before: &str, found: &mut Vec<Import>) {
    let mut note = |path: String, span: Span| found.push(Import { path, line: span.start().line });
    match tokens.first() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
            inside.split(comma).for_each(|one| rooms(one, before, found));
        }
        Some(TokenTree::Punct(mark)) if mark.as_char() == '*' => note(format!("{before}*"), mark.span()),
        Some(TokenTree::Ident(word)) if !before.is_empty() => note(format!("{before}{word}"), word.span()),
        Some(TokenTree::Ident(word)) if colons(tokens, 1) => rooms(&tokens[3..], &format!("{word}::"), found),
        Some(TokenTree::Ident(word)) => note(word.to_string(), word.span()),
        _ => {}
    }
}

fn may_use(from: &str, path: &str) -> bool {
    let to = path.split("::").next().unwrap();
    // What the crate's root exports is no room.
    let Some((_, allowed)) = MAY_USE.iter().find(|(room, _)| *room == from) else { return from != to };
    to == from
        || allowed.iter().any(|allowed| path == *allowed || to == *allowed)
        || !MAY_USE.iter().any(|(room, _)| *room == to)
}

#[test]
fn each_room_uses_only_the_rooms_it_may() {
    let mut forbidden = Vec::new();
    let mut seen = 0;
    for (file, text) in sources() {
        let from = match &*file {
            "exchange/applied.rs" => "exchange::applied",
            "demo/alive/tests.rs" => "demo::alive",
            file => room(file),
        };
        // The program's own commands are a client of the library, as any other.
        if ["main", "lib", "commands"].contains(&from) {
            continue;
        }
        assert!(MAY_USE.iter().any(|(room, _)| *room == from), "{file}: a room that is not in the table");
        for import in imports(&file, &text) {
            seen += 1;
            if !may_use(from, &import.path) {
                forbidden.push(format!("src/{file}:{} uses {}", import.line, import.path));
            }
        }
    }
    assert!(seen > 300, "only {seen} imports were read");
    assert_eq!(forbidden, [""; 0]);
}

#[test]
fn a_planted_import_is_found_wherever_it_hides() {
    for planted in [
        "use crate::http::Door;",
        "use crate::{domain::id, http::{Door, Parts}};",
        "fn a() { let _ = crate::http::Door; }",
        "fn a() -> Option<crate::http::Door> { None }",
        "macro_rules! a { () => { $crate::http::Door }; }",
        "fn a() { println!(\"{}\", crate::http::NAME); }",
        "#[cfg(test)] mod tests { use crate::http::Door; }",
        "#[cfg(test)] mod tests { use super::super::super::http::Door; }",
        "use super::super::http::Door;",
        "use crisis_hub::http::Door;",
        "type A = <crate::http::Door as Clone>::B;",
        "#[derive(A)] #[a(with = crate::http::door)] struct B;",
    ] {
        let found = imports("domain/bed.rs", planted);
        let bad: Vec<_> = found.iter().filter(|import| !may_use("domain", &import.path)).collect();
        assert!(!bad.is_empty() && bad[0].path.starts_with("http"), "{planted}: {found:?}");
    }
    for fine in [
        "use crate::domain::id;",
        "use super::id::Noun;",
        "mod tests { use super::super::id; }",
        "// crate::http",
        "const A: &str = \"crate::http::Door\";",
    ] {
        assert!(imports("domain/bed.rs", fine).iter().all(|import| may_use("domain", &import.path)), "{fine}");
    }
    let part = imports("board/follow.rs", "use crate::bus::{feed::Feed, relay};");
    assert_eq!(part.iter().map(|import| may_use("board", &import.path)).collect::<Vec<_>>(), [true, false]);
}

/// Paths that begin at another crate.
fn crates(text: &str) -> Vec<String> {
    fn walk(tokens: TokenStream, found: &mut Vec<String>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => walk(group.stream(), found),
                TokenTree::Ident(word) => {
                    let begins = at < 2 || !colons(&tokens, at - 2);
                    let used = matches!(tokens.get(at.wrapping_sub(1)), Some(TokenTree::Ident(before)) if before == "use" || before == "crate");
                    if begins && (colons(&tokens, at + 1) || used) {
                        found.push(word.to_string());
                    }
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(TokenStream::from_str(text).unwrap(), &mut found);
    found
}

#[test]
fn a_library_stays_in_its_room() {
    let mut strays = Vec::new();
    let mut seen = BTreeMap::new();
    for (file, text) in sources() {
        for name in crates(&text) {
            let Some((krate, places)) = ALONE.iter().find(|(krate, _)| *krate == name) else { continue };
            *seen.entry(*krate).or_insert(0) += 1;
            if !places.iter().any(|place| file.starts_with(place)) {
                strays.push(format!("src/{file} uses {krate}"));
            }
        }
    }
    strays.dedup();
    assert_eq!(strays, [""; 0]);
    assert_eq!(seen.len(), ALONE.len(), "a library that nobody uses: {seen:?}");
    assert_eq!(crates("use sea_orm::Set; fn a() { b!(entity::c::D) }"), ["sea_orm", "entity"]);
    assert_eq!(crates("use migration; use crate::entity::A;"), ["migration", "crate"]);
}

struct Functions<'a> {
    file: &'a str,
    long: Vec<(String, usize)>,
}

impl Functions<'_> {
    fn note(&mut self, name: &syn::Ident, block: &syn::Block) {
        let lines = block.brace_token.span.close().end().line - name.span().start().line + 1;
        if lines > FUNCTION_LINES_MAX {
            self.long.push((format!("{}:{name}", self.file), lines));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.note(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }
    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.note(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

#[test]
fn files_and_functions_stay_short() {
    let (mut files, mut functions) = (Vec::new(), Vec::new());
    for root in ["src", "entity", "migration", "tests", "benches"] {
        for (name, text) in sources_of(root) {
            let (file, lines) = (format!("{root}/{name}"), text.lines().count());
            let mut visitor = Functions { file: &file, long: Vec::new() };
            visitor.visit_file(&syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}")));
            functions.extend(visitor.long);
            if lines > FILE_LINES_MAX {
                files.push((file, lines));
            }
        }
    }
    assert_eq!((files, functions), (Vec::new(), Vec::new()), "split what is longer");
}

/// What may not be written in the program: `todo!`, `dbg!`, `#[allow(..)]`.
fn unwelcome(text: &str) -> Vec<&'static str> {
    fn walk(tokens: TokenStream, found: &mut Vec<&'static str>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mark =
            |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == sign);
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(word) if word == "todo" && mark(at + 1, '!') => found.push("todo!"),
                TokenTree::Ident(word) if word == "dbg" && mark(at + 1, '!') => found.push("dbg!"),
                TokenTree::Group(group) => {
                    let attribute = group.delimiter() == Delimiter::Bracket
                        && (mark(at.wrapping_sub(1), '#')
                            || (mark(at.wrapping_sub(1), '!') && mark(at.wrapping_sub(2), '#')));
                    if attribute && crate_allow(&group.stream()) {
                        found.push("allow");
                    }
                    walk(group.stream(), found);
                }
                _ => {}
            }
        }
    }
    fn crate_allow(attribute: &TokenStream) -> bool {
        let mut tokens = attribute.clone().into_iter();
        let first = tokens.next();
        let allow = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(word)) if word == "allow");
        let conditional = matches!(&first, Some(TokenTree::Ident(word)) if word == "cfg_attr");
        allow(first.as_ref())
            || (conditional && tokens.any(|token| matches!(token, TokenTree::Group(group) if group.stream().into_iter().any(|token| allow(Some(&token))))))
    }
    let mut found = Vec::new();
    walk(TokenStream::from_str(text).unwrap(), &mut found);
    found
}

#[test]
fn nothing_unfinished_and_no_lint_silenced() {
    for (file, text) in sources() {
        assert_eq!(unwelcome(&text), [""; 0], "src/{file}");
    }
    let planted = "#![allow(a)] fn b() { todo!(); vec![dbg!(1)]; } #[cfg_attr(test, allow(c))] #[allow(d)] fn e() {}";
    assert_eq!(unwelcome(planted), ["allow", "todo!", "dbg!", "allow", "allow"]);
    assert_eq!(unwelcome("#[expect(a, reason = \"allow(b)\")] fn todo() { allow(1) } // todo!()"), [""; 0]);
}
