//! Writes laid-out pages as a PDF file.

use std::collections::BTreeSet;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, TextRenderingMode};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::Sheet;
use crate::layout::{Mark, Page};
use crate::text::{MISSING, Script, printable, width};

const CHINESE: Name<'static> = Name(b"C");
const LATIN: Name<'static> = Name(b"L");
const FONT: &[u8] = b"STSong-Light";
const FONT_ENCODED: &[u8] = b"STSong-Light-UniGB-UTF16-H";
/// One of the encodings that every reader knows: text stands in the file as UTF-16.
const ENCODING: Name<'static> = Name(b"UniGB-UTF16-H");

/// The file's bytes.
pub(crate) fn written(sheet: &Sheet, pages: Vec<Page>) -> Vec<u8> {
    let mut numbers = (1..).map(Ref::new);
    let mut next = || numbers.next().unwrap_or(Ref::new(1));
    let (catalog, tree, info) = (next(), next(), next());
    let (chinese, cid, descriptor, unicode, latin) = (next(), next(), next(), next(), next());
    let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (next(), next())).collect();

    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree).lang(TextStr("zh-CN"));
    pdf.document_info(info).title(TextStr(&sheet.name));
    pdf.pages(tree).kids(ids.iter().map(|(page, _)| *page)).count(i32::try_from(ids.len()).unwrap_or(i32::MAX));
    for (page, (id, content_id)) in pages.iter().zip(&ids) {
        let mut written = pdf.page(*id);
        written.parent(tree).media_box(Rect::new(0.0, 0.0, page.width, page.height)).contents(*content_id);
        written.resources().fonts().pair(CHINESE, chinese).pair(LATIN, latin);
        written.finish();
        pdf.stream(*content_id, &content(page, sheet.mark.as_deref()));
    }
    fonts(&mut pdf, [chinese, cid, descriptor, unicode, latin]);
    pdf.stream(unicode, &to_unicode(&characters(&pages, sheet.mark.as_deref())));
    pdf.finish()
}

fn fonts(pdf: &mut Pdf, [chinese, cid, descriptor, unicode, latin]: [Ref; 5]) {
    pdf.type1_font(latin).base_font(Name(b"Times-Roman")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.type0_font(chinese)
        .base_font(Name(FONT_ENCODED))
        .encoding_predefined(ENCODING)
        .descendant_font(cid)
        .to_unicode(unicode);
    pdf.cid_font(cid)
        .subtype(CidFontType::Type0)
        .base_font(Name(FONT))
        .system_info(SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"GB1"), supplement: 5 })
        .font_descriptor(descriptor)
        .default_width(1000.0);
    pdf.font_descriptor(descriptor)
        .name(Name(FONT))
        .flags(FontFlags::SYMBOLIC | FontFlags::SERIF)
        .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
        .italic_angle(0.0)
        .ascent(880.0)
        .descent(-120.0)
        .cap_height(880.0)
        .stem_v(93.0);
}

fn content(page: &Page, mark: Option<&str>) -> Vec<u8> {
    let mut content = Content::new();
    content.set_line_width(0.6);
    // Pale things first: what is written stands on them.
    for each in &page.marks {
        if let Mark::Shade { x, y, width, height } = each {
            content.set_fill_gray(0.95).rect(*x, *y, *width, *height).fill_nonzero();
        }
    }
    if let Some(mark) = mark {
        across(&mut content, page, &printable(mark));
    }
    content.set_fill_gray(0.0).set_stroke_gray(0.0);
    for each in &page.marks {
        match each {
            Mark::Shade { .. } => {}
            Mark::Bar { x, y, width, height } => {
                content.set_fill_gray(0.45).rect(*x, *y, *width, *height).fill_nonzero().set_fill_gray(0.0);
            }
            Mark::Line { from, to } => {
                content.move_to(from.0, from.1).line_to(to.0, to.1).stroke();
            }
            Mark::Text { x, y, size, bold, text } => {
                content.begin_text();
                // There is one weight: bold is the same letters with a thin line around them.
                let mode = if *bold { TextRenderingMode::FillStroke } else { TextRenderingMode::Fill };
                content.set_text_rendering_mode(mode).set_text_matrix([1.0, 0.0, 0.0, 1.0, *x, *y]);
                show(&mut content, text, *size);
                content.end_text();
            }
        }
    }
    content.finish().to_vec()
}

/// The mark from the lower left to the upper right, large and pale.
fn across(content: &mut Content, page: &Page, mark: &str) {
    let size = (page.width * 0.7 / width(mark).max(1.0)).min(110.0);
    let (sin, cos) = (0.5_f32, 0.866_f32);
    let length = width(mark) * size;
    let (x, y) = (page.width / 2.0 - cos * length / 2.0, page.height / 2.0 - sin * length / 2.0);
    content.begin_text().set_fill_gray(0.88).set_text_rendering_mode(TextRenderingMode::Fill);
    content.set_text_matrix([cos, sin, -sin, cos, x, y]);
    show(content, mark, size);
    content.end_text();
}

/// Writes a line, each run of characters in its font.
fn show(content: &mut Content, text: &str, size: f32) {
    let mut run = String::new();
    for c in text.chars() {
        if run.chars().next().is_some_and(|first| Script::of(first) != Script::of(c)) {
            show_run(content, &std::mem::take(&mut run), size);
        }
        run.push(c);
    }
    show_run(content, &run, size);
}

fn show_run(content: &mut Content, run: &str, size: f32) {
    let Some(first) = run.chars().next() else { return };
    match Script::of(first) {
        Script::Latin => {
            content.set_font(LATIN, size).show(Str(run.as_bytes()));
        }
        Script::Chinese => {
            content.set_font(CHINESE, size).show(Str(&utf16(run)));
        }
        Script::Rare => {
            let mut marked = content.begin_marked_content_with_properties(Name(b"Span"));
            marked.properties().actual_text(TextStr(run));
            marked.finish();
            let shown: String = run.chars().map(|_| MISSING).collect();
            content.set_font(CHINESE, size).show(Str(&utf16(&shown)));
            content.end_marked_content();
        }
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn characters(pages: &[Page], mark: Option<&str>) -> BTreeSet<char> {
    let texts = pages.iter().flat_map(|page| &page.marks).filter_map(|mark| match mark {
        Mark::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let shown = texts.chain(mark).flat_map(str::chars).filter(|c| Script::of(*c) == Script::Chinese);
    shown.chain([MISSING]).collect()
}

/// What each code means, for copying and searching: itself.
fn to_unicode(characters: &BTreeSet<char>) -> Vec<u8> {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    let codes: Vec<String> = characters.iter().map(|c| format!("{:04X}", u32::from(*c))).collect();
    // A block holds at most a hundred.
    for block in codes.chunks(100) {
        map.push_str(&format!("{} beginbfchar\n", block.len()));
        for code in block {
            map.push_str(&format!("<{code}> <{code}>\n"));
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, pdf};

    fn of(text: &str) -> Vec<u8> {
        pdf(&Sheet { name: "试".into(), blocks: vec![Block::Plain(text.into())], ..Sheet::default() })
    }

    fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
        bytes.windows(wanted.len()).any(|window| window == wanted)
    }

    #[test]
    fn no_font_is_embedded_and_the_same_sheet_gives_the_same_bytes() {
        let bytes = of("人民调解协议书 2026");
        assert!(bytes.starts_with(b"%PDF-") && bytes.len() < 8_000, "{}", bytes.len());
        assert!(holds(&bytes, b"/UniGB-UTF16-H") && !holds(&bytes, b"FontFile"));
        assert_eq!(bytes, of("人民调解协议书 2026"));
    }

    #[test]
    fn a_character_that_the_font_does_not_have_can_still_be_copied_and_found() {
        let bytes = of("\u{2A7DD}村");
        assert!(holds(&bytes, b"/ActualText"));
        assert!(holds(&bytes, b"<FEFFD869DFDD>"), "the character itself, as UTF-16");
    }

    #[test]
    fn brackets_and_backslashes_do_not_end_a_text() {
        let bytes = of(r"a) (b \ c");
        assert!(holds(&bytes, br"\)"));
        assert!(holds(&bytes, b"%%EOF"));
    }
}
