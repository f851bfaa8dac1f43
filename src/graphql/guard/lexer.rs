//! One linear pass over a document's text: counts what the parser would have to hold.
//!
//! **Invariant**: no recursion, no allocation, and no byte is looked at more than a fixed number of times. A text that
//! passes cannot nest deeper in the parser than it was counted here. (Only of a block string without an end do the two
//! differ: the parser takes it for an empty string, so it is refused here, as the specification has it.)
use super::{Excess, Limit, Refused};
use crate::graphql::limits::Limits;

/// Refuses `text` at the first token that is one too many, too deep, or no token.
pub(super) fn scan(text: &str, limits: &Limits) -> Result<(), Refused> {
    let mut lexer = Lexer { text, rest: text.as_bytes() };
    let (mut tokens, mut nesting, mut directives) = (0_usize, 0_usize, 0_usize);
    while let Some(token) = lexer.next()? {
        tokens += 1;
        Excess::unless(tokens <= limits.tokens_max, Limit::Tokens, limits.tokens_max)?;
        match token {
            Token::Open => nesting += 1,
            Token::Close => nesting = nesting.checked_sub(1).ok_or_else(|| lexer.syntax("nothing is open here"))?,
            Token::At => directives += 1,
            Token::Other => {}
        }
        Excess::unless(nesting <= limits.nesting_max, Limit::Nesting, limits.nesting_max)?;
        Excess::unless(directives <= limits.directives_max, Limit::Directives, limits.directives_max)?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    At,
    Other,
}

struct Lexer<'a> {
    text: &'a str,
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Result<Option<Token>, Refused> {
        self.skip_ignored();
        let (token, rest) = match self.rest {
            [] => return Ok(None),
            [b'"', b'"', b'"', rest @ ..] => (Token::Other, self.block_string(rest)?),
            [b'"', rest @ ..] => (Token::Other, self.string(rest)?),
            [b'.', b'.', b'.', rest @ ..] | [b'!' | b'$' | b'&' | b':' | b'=' | b'|', rest @ ..] => {
                (Token::Other, rest)
            }
            [b'(' | b'[' | b'{', rest @ ..] => (Token::Open, rest),
            [b')' | b']' | b'}', rest @ ..] => (Token::Close, rest),
            [b'@', rest @ ..] => (Token::At, rest),
            [b'_' | b'a'..=b'z' | b'A'..=b'Z', rest @ ..] => {
                (Token::Other, after(rest, |byte| byte == b'_' || byte.is_ascii_alphanumeric()))
            }
            [b'-' | b'0'..=b'9', ..] => (Token::Other, self.number()?),
            _ => return Err(self.syntax("this begins no token")),
        };
        self.rest = rest;
        Ok(Some(token))
    }

    fn skip_ignored(&mut self) {
        loop {
            self.rest = match self.rest {
                [b' ' | b'\t' | b'\n' | b'\r' | b',', rest @ ..] | [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
                [b'#', rest @ ..] => after(rest, |byte| byte != b'\n' && byte != b'\r'),
                _ => return,
            };
        }
    }

    fn string(&self, mut rest: &'a [u8]) -> Result<&'a [u8], Refused> {
        loop {
            rest = match rest {
                [b'"', rest @ ..] => return Ok(rest),
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u', rest @ ..] => rest,
                [] | [b'\\' | b'\n' | b'\r', ..] => return Err(self.syntax("this string does not end")),
                [_, rest @ ..] => rest,
            };
        }
    }

    fn block_string(&self, mut rest: &'a [u8]) -> Result<&'a [u8], Refused> {
        loop {
            rest = match rest {
                [b'"', b'"', b'"', rest @ ..] => return Ok(rest),
                [b'\\', b'"', b'"', b'"', rest @ ..] | [_, rest @ ..] => rest,
                [] => return Err(self.syntax("this block string does not end")),
            };
        }
    }

    // The parser reads `[007]` as three numbers; counting them as three keeps both of one mind.
    fn number(&self) -> Result<&'a [u8], Refused> {
        let rest = match self.rest.strip_prefix(b"-").unwrap_or(self.rest) {
            [b'0', rest @ ..] => rest,
            [b'1'..=b'9', rest @ ..] => after(rest, |byte| byte.is_ascii_digit()),
            _ => return Err(self.syntax("a number needs a digit")),
        };
        let rest = match rest {
            [b'.', b'0'..=b'9', rest @ ..] => after(rest, |byte| byte.is_ascii_digit()),
            rest => rest,
        };
        Ok(match rest {
            [b'e' | b'E', b'0'..=b'9', rest @ ..] | [b'e' | b'E', b'+' | b'-', b'0'..=b'9', rest @ ..] => {
                after(rest, |byte| byte.is_ascii_digit())
            }
            rest => rest,
        })
    }

    fn syntax(&self, reason: &str) -> Refused {
        Refused::syntax_at(self.text, self.text.len() - self.rest.len(), reason)
    }
}

fn after(bytes: &[u8], within: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| !within(*byte)).unwrap_or(bytes.len());
    bytes.get(end..).unwrap_or_default()
}
