//! What Rust sees, as conditions that a C compiler can judge.

use crate::constants::Constant;
use crate::layouts::Layout;
use crate::prototypes::Prototype;

/// A condition about the C header.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// What it is about, for the report.
    pub name: String,
    /// A C constant expression.
    pub condition: String,
}

impl Assertion {
    /// The assertion that the condition does not hold.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self {
            name: self.name.clone(),
            condition: format!("!({})", self.condition),
        }
    }
}

/// Size, alignment, and of each field offset and size.
#[must_use]
pub fn of_layout(layout: &Layout) -> Vec<Assertion> {
    let Layout {
        name,
        c_type,
        size,
        align,
        fields,
    } = layout;
    let mut all = vec![
        assertion(
            format!("size of {name}"),
            format!("sizeof({c_type}) == {size}"),
        ),
        assertion(
            format!("alignment of {name}"),
            format!("_Alignof({c_type}) == {align}"),
        ),
    ];
    for field in fields {
        let (member, offset, size) = (field.name, field.offset, field.size);
        all.push(assertion(
            format!("offset of {name}.{member}"),
            format!("offsetof({c_type}, {member}) == {offset}"),
        ));
        all.push(assertion(
            format!("size of {name}.{member}"),
            format!("sizeof((({c_type} *)0)->{member}) == {size}"),
        ));
    }
    all
}

/// Size of a scalar.
#[must_use]
pub fn of_scalar(name: &str, size: usize) -> Assertion {
    assertion(
        format!("size of {name}"),
        format!("sizeof({name}) == {size}"),
    )
}

/// Value of a constant, as 32 bits.
#[must_use]
pub fn of_constant(constant: &Constant) -> Assertion {
    let (name, value) = constant;
    let bits = value & 0xFFFF_FFFF;
    assertion(
        format!("value of {name}"),
        format!("((ULONGLONG)({name}) & 0xFFFFFFFFULL) == {bits:#x}ULL"),
    )
}

/// Parameters and result of a function type or function.
#[must_use]
pub fn of_prototype(prototype: &Prototype) -> Assertion {
    let Prototype { name, result, .. } = prototype;
    let subject = if prototype.function {
        format!("__typeof__(&{name})")
    } else {
        (*name).into()
    };
    let parameters = prototype.parameters.join(", ");
    assertion(
        format!("prototype of {name}"),
        format!("__builtin_types_compatible_p({subject}, {result} (WINAPI *)({parameters}))"),
    )
}

fn assertion(name: String, condition: String) -> Assertion {
    Assertion { name, condition }
}
