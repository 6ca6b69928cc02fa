//! The programs.

mod cancel;
mod close;
mod connect;
mod control;
mod event;
mod listen;
mod name;
mod receive;
mod registration;
mod send;
mod socket;

use crate::Bench;

/// A small client.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What it is called.
    pub name: &'static str,
    /// Its body.
    pub run: fn(&Bench),
    /// What a client must not do.
    pub breach: Option<Breach>,
}

/// What the simulator does not answer.
#[derive(Clone, Copy, Debug)]
pub struct Breach {
    /// The rule of the simulator that ends the program there.
    pub rule: &'static str,
    /// A line of Wine's, which answers all the same.
    pub answer: &'static str,
}

/// The program of this path, by that name.
macro_rules! program {
    ($module:ident :: $run:ident) => {
        Program {
            name: concat!(stringify!($module), "::", stringify!($run)),
            run: $module::$run,
            breach: None,
        }
    };
}

const fn breach(
    name: &'static str,
    rule: &'static str,
    run: fn(&Bench),
    answer: &'static str,
) -> Program {
    Program {
        name,
        run,
        breach: Some(Breach { rule, answer }),
    }
}

/// All of them, in the order in which Wine runs them.
pub const PROGRAMS: &[Program] = &[
    program!(registration::captured_and_released),
    program!(registration::without_waiting),
    program!(registration::an_unknown_version),
    program!(registration::tables),
    program!(socket::every_category),
    program!(socket::of_ipv6),
    program!(socket::with_callbacks),
    program!(socket::bound_to_any_port),
    program!(socket::bound_to_a_port_in_use),
    program!(socket::addresses),
    program!(connect::accepted),
    program!(connect::refused),
    program!(connect::refused_and_tried_again),
    program!(connect::closed_while_connecting),
    program!(connect::in_one_call),
    program!(connect::with_data),
    program!(send::one_byte),
    program!(send::nothing),
    program!(send::from_an_offset),
    program!(send::large),
    program!(send::from_a_chain),
    program!(send::with_flags),
    program!(send::after_fin_of_the_peer),
    program!(receive::what_is_there),
    program!(receive::what_comes_later),
    program!(receive::in_pieces),
    program!(receive::nothing),
    program!(receive::at_an_offset),
    program!(receive::large),
    program!(receive::into_a_chain),
    program!(receive::with_flags),
    program!(receive::in_order),
    program!(receive::too_many_at_a_time),
    program!(receive::fin),
    program!(receive::fin_while_waiting),
    program!(receive::data_and_fin),
    program!(receive::reset_while_waiting),
    program!(receive::after_a_reset),
    program!(close::disconnects),
    program!(close::all_received),
    program!(close::with_data_not_received),
    program!(close::with_requests),
    program!(close::after_fin),
    program!(cancel::a_receive),
    program!(cancel::a_receive_that_ends),
    program!(cancel::a_look_up),
    program!(control::options),
    program!(control::ioctls),
    program!(control::client),
    program!(event::enabled),
    program!(name::localhost),
    program!(name::digits),
    program!(name::unknown),
    program!(listen::accepts),
    program!(listen::accepts_what_waits),
    program!(listen::closed_while_accepting),
    breach(
        "breach::connect_unbound",
        "rule 42",
        connect::unbound,
        "WskConnect -> STATUS_INVALID_DEVICE_STATE, completed in the call: STATUS_INVALID_DEVICE_STATE, Information 0",
    ),
    breach(
        "breach::connect_with_another_family",
        "rule 44",
        connect::another_family,
        "WskConnect -> STATUS_PENDING, completed in the call: STATUS_INVALID_PARAMETER, Information 0",
    ),
    breach(
        "breach::bound_twice",
        "rule 42",
        socket::bound_twice,
        "WskBind -> STATUS_PENDING, completed in the call: STATUS_INVALID_PARAMETER, Information 0",
    ),
    breach(
        "breach::socket_of_no_family",
        "rule 37",
        socket::of_no_family,
        "WskSocket -> STATUS_NOT_SUPPORTED, completed in the call: STATUS_NOT_SUPPORTED, Information 0",
    ),
    breach(
        "breach::socket_of_another_type",
        "rule 37",
        socket::of_another_type,
        "WskSocket -> STATUS_PENDING, completed in the call: STATUS_SUCCESS, Information a socket",
    ),
    breach(
        "breach::socket_of_two_categories",
        "rule 35",
        socket::of_two_categories,
        "WskSocket -> STATUS_NOT_IMPLEMENTED, completed in the call: STATUS_NOT_IMPLEMENTED, Information 0",
    ),
    breach(
        "breach::send_unconnected",
        "rule 48",
        send::unconnected,
        "WskReceive -> STATUS_PENDING, completed in the call: STATUS_CONNECTION_DISCONNECTED, Information 0",
    ),
];
