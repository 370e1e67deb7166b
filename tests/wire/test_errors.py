from pandaprobe_proxy.wire.errors import WireError


def test_a_wire_error_is_a_value_error_so_that_readers_of_values_catch_it():
    assert issubclass(WireError, ValueError)
