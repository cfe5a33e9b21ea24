//! What is shown before somebody asks to see it in full: 张*, 610***********123X, 138****5678 (DOMAIN: masked by default).

/// A name with everything after the first character hidden.
pub fn name(full: &str) -> String {
    let mut chars = full.chars();
    match chars.next() {
        Some(first) => format!("{first}{}", "*".repeat(chars.count().clamp(1, 3))),
        None => String::new(),
    }
}

/// A phone number: the first three and last four digits; shorter numbers show the last two.
pub fn phone(full: &str) -> String {
    let chars: Vec<char> = full.chars().collect();
    if chars.len() >= 10 { ends(&chars, 3, 4) } else { ends(&chars, 0, 2) }
}

/// A document number: the first three and last four characters.
pub fn document(full: &str) -> String {
    let chars: Vec<char> = full.chars().collect();
    if chars.len() >= 9 { ends(&chars, 3, 4) } else { ends(&chars, 0, 2) }
}

fn ends(chars: &[char], head: usize, tail: usize) -> String {
    let tail = tail.min(chars.len() / 2);
    let hidden = chars.len().saturating_sub(head + tail);
    let first: String = chars.iter().take(head).collect();
    let last: String = chars.iter().skip(head + hidden).collect();
    format!("{first}{}{last}", "*".repeat(hidden))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_masked_can_be_recognised_and_not_read() {
        assert_eq!(super::name("张三"), "张*");
        assert_eq!(super::name("𠀀"), "𠀀*");
        assert_eq!(super::phone("13812345678"), "138****5678");
        assert_eq!(super::document("61072219900307123X"), "610***********123X");
        assert_eq!(super::document("AB1"), "**1");
        assert_eq!(super::phone(""), "");
    }
}
