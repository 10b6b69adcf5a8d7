//! The values of a directory file as people write them: levels with decimals, spans with a unit, words for the enums.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use crate::{config::milliseconds, wire::v1};

/// The highest level.
const LEVEL_MAX: f64 = 10.0;

/// A level of a skill in hundredths; written `7.5` or `7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level(pub(super) u32);

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LevelVisitor)
    }
}

struct LevelVisitor;

impl Visitor<'_> for LevelVisitor {
    type Value = Level;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a level from 0 to 10 with at most two decimals")
    }

    fn visit_i64<E: de::Error>(self, level: i64) -> Result<Level, E> {
        match u32::try_from(level) {
            Ok(level @ 0..=10) => Ok(Level(level * 100)),
            _ => Err(E::invalid_value(de::Unexpected::Signed(level), &self)),
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and 1000 and whole"
    )]
    fn visit_f64<E: de::Error>(self, level: f64) -> Result<Level, E> {
        let hundredths = (level * 100.0).round();
        // What two decimals can say is this near to its hundredths whatever the binary fraction makes of it.
        if (0.0..=LEVEL_MAX).contains(&level) && (level * 100.0 - hundredths).abs() < 1e-6 {
            Ok(Level(hundredths as u32))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(level), &self))
        }
    }
}

/// A span of time in milliseconds; written `"30s"`, `"2m"`, `"500ms"`, `"1h"` or as a number of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span(pub(super) i64);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span of time: \"500ms\", \"30s\", \"2m\", \"1h\", or a number of milliseconds")
    }

    fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Span, E> {
        if ms >= 0 { Ok(Span(ms)) } else { Err(E::invalid_value(de::Unexpected::Signed(ms), &self)) }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        span(text).map(Span).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

fn span(text: &str) -> Option<i64> {
    milliseconds(text).and_then(|it| it.try_into().ok())
}

/// When whoever declined is asked again; written `"never"`, `"once_everyone_has"` or a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reinvite {
    Never,
    OnceEveryoneHas,
    After(Span),
}

impl<'de> Deserialize<'de> for Reinvite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReinviteVisitor)
    }
}

struct ReinviteVisitor;

impl Visitor<'_> for ReinviteVisitor {
    type Value = Reinvite;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"never\", \"once_everyone_has\" or a span such as \"10s\"")
    }

    fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Reinvite, E> {
        SpanVisitor.visit_i64(ms).map(Reinvite::After)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Reinvite, E> {
        match text {
            "never" => Ok(Reinvite::Never),
            "once_everyone_has" => Ok(Reinvite::OnceEveryoneHas),
            _ => span(text)
                .map(|ms| Reinvite::After(Span(ms)))
                .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

/// How the best agent is chosen.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Model {
    LeastActive,
    MostAvailable,
    LongestIdle,
    BestMatch,
    Choice,
    External,
}

impl From<Model> for v1::RoutingModel {
    fn from(model: Model) -> Self {
        match model {
            Model::LeastActive => Self::LeastActive,
            Model::MostAvailable => Self::MostAvailable,
            Model::LongestIdle => Self::LongestIdle,
            Model::BestMatch => Self::BestMatch,
            Model::Choice => Self::Choice,
            Model::External => Self::External,
        }
    }
}

/// What a presence status means.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Online,
    Away,
    Offline,
    Draining,
}

impl From<Kind> for v1::PresenceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Online => Self::Online,
            Kind::Away => Self::Away,
            Kind::Offline => Self::Offline,
            Kind::Draining => Self::Draining,
        }
    }
}

/// What becomes of work whose agent is lost.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnSessionLoss {
    Keep,
    Requeue,
}

impl From<OnSessionLoss> for v1::OnSessionLoss {
    fn from(loss: OnSessionLoss) -> Self {
        match loss {
            OnSessionLoss::Keep => Self::Keep,
            OnSessionLoss::Requeue => Self::Requeue,
        }
    }
}
