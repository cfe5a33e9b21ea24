//! Names, numbers and telephones of people who do not exist.

use chrono::{Datelike as _, NaiveDate};

use super::chance::Chance;

/// Frequent surnames, roughly as often as they occur; the last row are the ones that are read in more than one way.
const SURNAMES: &[(&str, u32)] = &[
    ("王", 72),
    ("李", 71),
    ("张", 68),
    ("刘", 54),
    ("陈", 45),
    ("杨", 31),
    ("赵", 23),
    ("黄", 22),
    ("周", 21),
    ("吴", 20),
    ("徐", 17),
    ("孙", 15),
    ("胡", 13),
    ("朱", 13),
    ("高", 12),
    ("林", 12),
    ("何", 12),
    ("郭", 12),
    ("马", 11),
    ("罗", 10),
    ("梁", 8),
    ("宋", 8),
    ("郑", 8),
    ("谢", 7),
    ("韩", 7),
    ("唐", 7),
    ("冯", 6),
    ("于", 6),
    ("董", 6),
    ("萧", 6),
    ("程", 6),
    ("曹", 6),
    ("袁", 5),
    ("邓", 5),
    ("许", 5),
    ("傅", 5),
    ("沈", 5),
    ("彭", 5),
    ("吕", 5),
    ("苏", 5),
    ("卢", 5),
    ("蒋", 5),
    ("蔡", 5),
    ("贾", 4),
    ("丁", 4),
    ("魏", 4),
    ("薛", 4),
    ("叶", 4),
    ("阎", 4),
    ("余", 4),
    ("潘", 4),
    ("杜", 4),
    ("戴", 4),
    ("夏", 4),
    ("钟", 4),
    ("汪", 4),
    ("田", 4),
    ("任", 4),
    ("姜", 4),
    ("范", 4),
    ("方", 3),
    ("石", 3),
    ("姚", 3),
    ("谭", 3),
    ("廖", 3),
    ("邹", 3),
    ("熊", 3),
    ("金", 3),
    ("陆", 3),
    ("郝", 3),
    ("孔", 3),
    ("白", 3),
    ("崔", 3),
    ("康", 3),
    ("毛", 3),
    ("邱", 3),
    ("秦", 3),
    ("江", 3),
    ("史", 3),
    ("顾", 3),
    ("侯", 3),
    ("邵", 3),
    ("孟", 3),
    ("龙", 3),
    ("万", 3),
    ("段", 3),
    ("雷", 3),
    ("钱", 3),
    ("汤", 3),
    ("尹", 3),
    ("黎", 2),
    ("易", 2),
    ("常", 2),
    ("武", 2),
    ("乔", 2),
    ("贺", 2),
    ("赖", 2),
    ("龚", 2),
    ("文", 2),
    ("欧阳", 1),
    ("单", 4),
    ("查", 4),
    ("曾", 5),
    ("翟", 4),
    ("仇", 3),
    ("解", 4),
    ("盖", 2),
    ("区", 2),
    ("朴", 1),
    ("尉迟", 1),
];

const MEN: &[&str] = &[
    "伟", "强", "军", "勇", "杰", "涛", "斌", "波", "鹏", "飞", "辉", "刚", "建", "国", "平", "华", "明", "志", "永",
    "海", "文", "德", "林", "东", "峰", "浩", "宇", "轩", "博", "晨", "子", "俊", "家", "成", "福", "贵", "根", "生",
    "安", "康", "昊", "天", "泽", "锐", "乐", "晓", "旭", "春", "利", "长",
];

const WOMEN: &[&str] = &[
    "芳", "娜", "敏", "静", "秀", "丽", "艳", "娟", "霞", "玲", "桂", "英", "兰", "梅", "燕", "红", "云", "琴", "萍",
    "荣", "淑", "珍", "凤", "雪", "琳", "倩", "欣", "怡", "涵", "梓", "雨", "佳", "慧", "婷", "颖", "洁", "翠", "莲",
    "彩", "巧", "蓉", "瑶", "思", "语", "馨", "晓", "春", "利", "乐", "垚",
];

/// Characters that phones and printers of the field stumble over: rare, and beyond the first 65,536.
const RARE: &[&str] = &["𬱖", "𠅤", "㛃", "䶮", "犇"];

/// A surname.
pub(crate) fn surname(chance: &mut Chance) -> &'static str {
    chance.weighted(SURNAMES)
}

/// A given name for a man or a woman.
pub(crate) fn given(chance: &mut Chance, male: bool) -> String {
    let characters = if male { MEN } else { WOMEN };
    let mut name = chance.pick(characters).to_owned();
    if chance.percent(72) {
        name.push_str(chance.pick(characters));
    } else if chance.percent(2) {
        name.push_str(chance.pick(RARE));
    }
    name
}

/// A day of birth of somebody who is `age` years old today.
pub(crate) fn birth_date(chance: &mut Chance, age: i64, today: NaiveDate) -> NaiveDate {
    let birthday = today.with_year(today.year() - age as i32).unwrap_or(today - chrono::Days::new(366 * age as u64));
    birthday - chrono::Days::new(chance.between(1, 360) as u64)
}

/// A well-formed identity number (GB 11643) of nobody.
pub(crate) fn identity_number(chance: &mut Chance, area: &str, born: NaiveDate, male: bool) -> String {
    let sequence = chance.between(0, 499) * 2 + i64::from(male);
    let first = format!("{area}{}{sequence:03}", born.format("%Y%m%d"));
    let check = domain::document::check_character(&first).expect("six, eight and three digits are seventeen");
    format!("{first}{check}")
}

/// A mobile number.
pub(crate) fn mobile(chance: &mut Chance) -> String {
    format!("13{}{:08}", chance.between(0, 9), chance.between(0, 99_999_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_of_an_age_is_that_old_today() {
        let mut chance = Chance::of(1, "age");
        let leap: NaiveDate = "2028-02-29".parse().unwrap();
        for today in ["2026-11-22".parse().unwrap(), leap] {
            for age in 0..100 {
                let born = birth_date(&mut chance, age, today);
                let years = today.years_since(born).map(i64::from);
                assert!(years == Some(age) || years == Some(age + 1), "{born} {age}");
            }
        }
    }
}
