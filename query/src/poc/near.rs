//! The name that was probably meant by one that is not known.

/// Of these names the nearest, where so few letters differ that it was probably meant: one, or a third of them. ", did you mean ...?" is for the caller.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(1);
    let near = known.into_iter().map(|other| (distance(name, other), other)).filter(|(apart, _)| *apart <= most);
    near.min_by_key(|(apart, _)| *apart).map(|(_, other)| other)
}

/// The same as the start of a sentence that goes on: `did you mean "finance"? `; nothing where none is near.
pub fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |near| format!("did you mean {near:?}? "))
}

/// Letters to change, add or leave out (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (place, with) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *with);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_seen_and_another_word_is_not() {
        let known = ["finance", "education", "traditional"];
        assert_eq!((nearest("financ", known), nearest("educatoin", known)), (Some("finance"), Some("education")));
        assert_eq!((nearest("space", known), nearest("", known)), (None, None));
        assert_eq!(meant("finanse", known), "did you mean \"finance\"? ");
    }
}
