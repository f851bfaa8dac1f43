//! What an entry takes.
use super::*;

fn said(text: &str) -> Content {
    Content { text: Some(text.into()), ..Content::default() }
}

#[test]
fn words_and_names_have_their_tiers_and_their_limits() {
    let named = |name: &str| Content {
        identity: Some(Identity { name: Some(name.into()), ..Identity::default() }),
        ..Content::default()
    };
    for tier in [Tier::Clinical, Tier::Part2, Tier::Legal] {
        assert!(said("a\nb").check(tier).is_ok());
        assert!(said(&"é".repeat(TEXT_MAX)).check(tier).is_ok());
        for bad in [said(&"é".repeat(TEXT_MAX + 1)), said(" "), said("\u{7}"), Content::default(), named("A")] {
            assert!(bad.check(tier).is_err());
        }
    }
    assert!(named(&"n".repeat(IDENTITY_MAX)).check(Tier::Identity).is_ok());
    let nobody = Content { identity: Some(Identity::default()), ..Content::default() };
    let both = Content { text: Some("a".into()), ..named("A") };
    for bad in [named(&"n".repeat(IDENTITY_MAX + 1)), named("a\nb"), said("a"), nobody, both, Content::default()] {
        assert!(bad.check(Tier::Identity).is_err());
    }
}

#[test]
fn a_refusal_never_repeats_what_was_written() {
    let secret = "zebra-canary";
    let flaws = [said(&format!("{secret}\u{7}")).check(Tier::Legal), said(secret).check(Tier::Identity)];
    for flaw in flaws {
        assert!(!format!("{:?}", flaw.unwrap_err()).contains(secret));
    }
}
