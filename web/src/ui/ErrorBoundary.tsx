import { Component, type ReactNode } from "react";
import { Problem } from "./States";

/** A fault in one page leaves the rest of the screen usable. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (this.state.error) return <Problem error={this.state.error} retry={() => this.setState({ error: undefined })} />;
    return this.props.children;
  }
}
