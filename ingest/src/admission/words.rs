//! Labels that rows of one batch repeat, each made once.

use qoe_store::Label;

/// How many are kept: kinds, directions, codecs and the streams of a large call. What is beyond is made anew each time.
const KEPT: usize = 32;

/// The labels of one section's rows so far.
#[derive(Debug, Default)]
pub struct Words(Vec<Label>);

impl Words {
    /// This text as a label.
    pub fn label(&mut self, text: &str) -> Label {
        if text.is_empty() {
            return Label::default();
        }
        if let Some(known) = self.0.iter().find(|known| &***known == text) {
            return known.clone();
        }
        let label = Label::from(text);
        if self.0.len() < KEPT {
            self.0.push(label.clone());
        }
        label
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_word_said_twice_is_made_once_and_all_are_what_was_said() {
        let mut words = Words::default();
        assert!(Arc::ptr_eq(&words.label("audio"), &words.label("audio")));
        for n in 0..2 * KEPT {
            assert_eq!(&*words.label(&n.to_string()), n.to_string());
        }
        assert_eq!(&*words.label("audio"), "audio");
        assert_eq!(words.0.len(), KEPT);
    }
}
