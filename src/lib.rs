//! Omniroute: the routing engine between customers' conversations and agents' capacity.

pub mod engine;
pub mod wire;
