//! The table of rights as it is kept in a file: a line for each door, a column for each caller, and the wish that is brought.
//!
//! `METHOD path letters otherwise arguments headers body`, where the letters are one for each name in the line `columns`, in groups
//! of five; `otherwise` is the code of the refusal that `~` stands for; arguments are the path's, with commas, and a query behind
//! `?`; `.` stands for nothing. A line of kinds begins with the kind and the action.

/// A table.
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) lines: Vec<Line>,
}

/// A line of it.
pub(crate) struct Line {
    /// The kind and the action; empty for a door.
    pub(crate) named: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) letters: String,
    pub(crate) otherwise: String,
    arguments: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    written: Vec<String>,
}

impl Table {
    pub(crate) fn read(text: &str) -> Self {
        let mut table = Self { columns: Vec::new(), lines: Vec::new() };
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            match line.strip_prefix("columns ") {
                Some(names) => table.columns = names.split_whitespace().map(str::to_owned).collect(),
                None => table.lines.push(Line::read(line, table.columns.len())),
            }
        }
        table
    }
}

impl Line {
    fn read(text: &str, columns: usize) -> Self {
        let mut words = text.split_whitespace();
        let mut next = || words.next().unwrap_or_else(|| panic!("a word is missing in: {text}")).to_owned();
        let mut written = vec![next(), next()];
        let named = if written[0].chars().all(|letter| letter.is_ascii_uppercase()) {
            String::new()
        } else {
            let named = written.join(" ");
            written.extend([next(), next()]);
            named
        };
        let mut letters = String::new();
        while letters.chars().count() < columns {
            letters.push_str(&next());
        }
        let [otherwise, arguments, headers] = [next(), next(), next()];
        let body = words.collect::<Vec<_>>().join(" ");
        let said = |word: &str| if word == "." { String::new() } else { word.to_owned() };
        let header = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let [method, path] = [&written[written.len() - 2], &written[written.len() - 1]].map(Clone::clone);
        let headers_read = said(&headers).split(';').filter_map(header).collect();
        let body_read = said(&body);
        written.extend([otherwise.clone(), arguments.clone(), headers, body]);
        Self {
            named,
            method,
            path,
            letters,
            otherwise,
            arguments: said(&arguments),
            headers: headers_read,
            body: body_read,
            written,
        }
    }

    /// The address with what the wish names.
    pub(crate) fn address(&self) -> String {
        let (arguments, query) = self.arguments.split_once('?').unwrap_or((&self.arguments, ""));
        let mut arguments = arguments.split(',');
        let parts = self.path.split('/').map(|part| match part.strip_prefix('{') {
            Some(_) => arguments.next().unwrap_or_default(),
            None => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    /// The line with other letters.
    pub(crate) fn with(&self, letters: &str) -> String {
        let letters: Vec<char> = letters.chars().collect();
        let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
        let behind = self.written.len() - 4;
        let door = format!("{:<48}", self.written[..behind].join(" "));
        format!("{door} {} {}", groups.join(" "), self.written[behind..].join(" "))
    }
}
