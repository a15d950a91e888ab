//! The source tree as modules that import one another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// All modules that are files of their own, unit tests left out.
pub(crate) struct SourceTree {
    /// What each module imports, as written.
    uses: BTreeMap<String, Vec<String>>,
    /// Modules that stand in a `mod.rs`.
    facades: BTreeSet<String>,
}

impl SourceTree {
    pub(crate) fn read() -> Self {
        let (mut uses, mut facades) = (BTreeMap::new(), BTreeSet::new());
        for file in source_files() {
            let module = module_of(&file);
            if file.ends_with("mod.rs") || module == "lib" {
                facades.insert(module.clone());
            }
            uses.insert(module, use_paths(&fs::read_to_string(&file).unwrap()));
        }
        Self { uses, facades }
    }

    /// The modules that `module` needs: where the items that it imports are defined, whatever path it takes. What a
    /// `mod.rs` re-exports is not needed by it.
    pub(crate) fn needs(&self, module: &str) -> BTreeSet<String> {
        let is_facade = self.facades.contains(module);
        let found = self.uses[module].iter();
        found
            .filter_map(|path| self.definition(&self.absolute(module, path)?, 0))
            .filter(|found| found != module && !is_facade)
            .collect()
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        self.uses.keys().map(String::as_str)
    }

    /// Groups of modules that all need one another, by way of others too.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let needs: BTreeMap<&str, BTreeSet<String>> = self
            .modules()
            .map(|module| (module, self.needs(module)))
            .collect();
        let reach = reachable(&needs);
        let mut circles = BTreeSet::new();
        for module in self.modules() {
            let circle: Vec<String> = reach[module]
                .iter()
                .filter(|other| reach[other.as_str()].contains(module))
                .cloned()
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// Pairs of top-level modules that need one another, by way of others too.
    pub(crate) fn top_level_circles(&self) -> Vec<Vec<String>> {
        let mut needs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for module in self.modules() {
            let from = top(module);
            let to = self.needs(module);
            let others = to.iter().map(|path| top(path)).filter(|to| *to != from);
            let others: Vec<String> = others.map(str::to_owned).collect();
            needs.entry(from).or_default().extend(others);
        }
        let reach = reachable(&needs);
        let mut circles = BTreeSet::new();
        for from in needs.keys() {
            let circle: Vec<String> = reach[from]
                .iter()
                .filter(|other| reach[other.as_str()].contains(*from))
                .cloned()
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// The path from the crate's root; `None` for another crate's.
    fn absolute(&self, module: &str, path: &str) -> Option<Vec<String>> {
        let mut parts: Vec<&str> = path.split("::").collect();
        let mut base: Vec<&str> = match module {
            "lib" => Vec::new(),
            module => module.split("::").collect(),
        };
        match parts[0] {
            "crate" => {
                base.clear();
                parts.remove(0);
            }
            "self" => {
                parts.remove(0);
            }
            "super" => {
                while parts.first() == Some(&"super") {
                    base.pop();
                    parts.remove(0);
                }
            }
            child => {
                let mut own = base.clone();
                own.push(child);
                if !self.uses.contains_key(&own.join("::")) {
                    return None;
                }
            }
        }
        Some(base.into_iter().chain(parts).map(str::to_owned).collect())
    }

    /// The module that defines the item at `path`, through re-exports.
    fn definition(&self, path: &[String], depth: usize) -> Option<String> {
        assert!(depth < 16, "re-exports run in a circle: {path:?}");
        let known = (1..=path.len()).rev();
        let len = known
            .into_iter()
            .find(|len| self.uses.contains_key(&path[..*len].join("::")))?;
        let (module, rest) = (path[..len].join("::"), &path[len..]);
        let Some(item) = rest.first() else {
            return Some(module);
        };
        for import in &self.uses[&module] {
            let Some(target) = self.absolute(&module, import) else {
                continue;
            };
            if target.last() == Some(item) && target != path[..=len] {
                let target: Vec<String> = target.into_iter().chain(rest[1..].to_vec()).collect();
                let found = self.definition(&target, depth + 1);
                if found.as_ref().is_some_and(|found| *found != module) {
                    return found;
                }
            }
        }
        Some(module)
    }
}

/// What can be reached from each module.
fn reachable<'a>(
    needs: &BTreeMap<&'a str, BTreeSet<String>>,
) -> BTreeMap<&'a str, BTreeSet<String>> {
    let from = |start: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start.to_owned()]);
        while let Some(next) = open.pop() {
            for other in needs.get(next.as_str()).into_iter().flatten() {
                if seen.insert(other.clone()) {
                    open.push(other.clone());
                }
            }
        }
        seen
    };
    needs.keys().map(|module| (*module, from(module))).collect()
}

pub(crate) fn top(module: &str) -> &str {
    module.split("::").next().unwrap()
}

pub(crate) fn source_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 50, "the source tree was not found");
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}

/// `src/file/writer/mod.rs` is `file::writer`.
fn module_of(file: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let parts: Vec<_> = relative
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    parts
        .into_iter()
        .filter(|part| part != "mod")
        .collect::<Vec<_>>()
        .join("::")
}

/// The paths of all `use` declarations, braces opened.
pub(crate) fn use_paths(text: &str) -> Vec<String> {
    let joined = code(text).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for statement in joined.split("use ").skip(1) {
        let tree = statement.split(';').next().unwrap_or_default();
        open_braces("", tree.trim(), &mut found);
    }
    found
}

fn open_braces(before: &str, tree: &str, found: &mut Vec<String>) {
    let Some((head, inner)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        if !path.is_empty() && !path.contains(' ') {
            found.push(format!("{before}{path}"));
        }
        return;
    };
    let head = format!("{before}{}", head.trim());
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let (mut depth, mut from) = (0, 0);
    for (at, sign) in inner.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                open_braces(&head, inner[from..at].trim(), found);
                from = at + 1;
            }
            _ => {}
        }
    }
    open_braces(&head, inner[from..].trim(), found);
}

/// Lines of code, without unit tests: those are modules, or the rest of the file.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    let mut of_tests = false;
    text.lines()
        .take_while(move |line| {
            let was_of_tests = std::mem::replace(&mut of_tests, line.starts_with("#[cfg(test)]"));
            !(was_of_tests && line.starts_with("mod ") && line.contains("{"))
        })
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
}
