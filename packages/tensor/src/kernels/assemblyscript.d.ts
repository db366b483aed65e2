// AssemblyScript's types, for files that tsc reads as well.
declare type usize = number;
declare type i32 = number;
declare type f32 = number;
