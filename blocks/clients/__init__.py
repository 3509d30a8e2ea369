"""How clients of the SDKs are made, shared and throttled."""
