//! Bytes as texts in base64.

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The bytes of a text in base64.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let has_space = text.bytes().any(|byte| byte.is_ascii_whitespace());
    if has_space {
        let text: String = text.split_ascii_whitespace().collect();
        return BASE64_STANDARD.decode(text).ok();
    }
    BASE64_STANDARD.decode(text).ok()
}

/// Bytes as a text in base64.
pub fn to_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
